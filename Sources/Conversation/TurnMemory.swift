import Synchronization

/// What the model wrote in earlier turns, token for token, so that a later request can repeat it as it was sampled.
///
/// API clients send back less than the model wrote: the reasoning is often dropped, and text encodes to other tokens than were
/// sampled. Both degrade the next turn and lose the prefix cache. Turns are found by the ids of their tool calls, which nobody
/// can guess, or by their whole visible text, which tells the finder nothing new.
public final class TurnMemory: Sendable {
    private struct State {
        var turns: [Key: Entry] = [:]
        var clock = 0
        var tokens = 0
    }

    private struct Entry {
        var turn: RememberedTurn
        var lastUse: Int
    }

    private let state = Mutex(State())
    private let tokenCapacity: Int

    /// - Parameter tokenCapacity: the most tokens remembered; the turns that were not used for longest are forgotten first.
    public init(tokenCapacity: Int = 4 << 20) {
        self.tokenCapacity = tokenCapacity
    }

    /// Remembers a turn.
    func remember(_ turn: RememberedTurn) {
        guard let key = turn.key, turn.tokenCount <= tokenCapacity else { return }
        state.withLock { state in
            state.clock += 1
            let old = state.turns.updateValue(Entry(turn: turn, lastUse: state.clock), forKey: key)
            state.tokens += turn.tokenCount - (old?.turn.tokenCount ?? 0)
            if state.tokens > tokenCapacity { forget(&state) }
        }
    }

    /// The turn of an assistant message, if it is remembered and the client changed nothing that it had seen.
    func turn(of message: ConversationMessage) -> RememberedTurn? {
        guard let key = RememberedTurn.key(content: message.content, calls: message.toolCalls) else { return nil }
        let turn = state.withLock { state -> RememberedTurn? in
            guard var entry = state.turns[key] else { return nil }
            state.clock += 1
            entry.lastUse = state.clock
            state.turns[key] = entry
            return entry.turn
        }
        return turn.flatMap { $0.isWhatClientSaw(message) ? $0 : nil }
    }

    /// Forgets the oldest quarter, so that this is rare.
    private func forget(_ state: inout State) {
        let oldest = state.turns.sorted { $0.value.lastUse < $1.value.lastUse }
        for (key, entry) in oldest where state.tokens > tokenCapacity - tokenCapacity / 4 {
            state.turns[key] = nil
            state.tokens -= entry.turn.tokenCount
        }
    }

    enum Key: Hashable, Sendable {
        case toolCall([UInt8])
        case content([UInt8])
    }
}

/// The messages of one turn of the assistant.
struct RememberedTurn: Sendable, Equatable {
    /// One harmony message.
    struct Message: Sendable, Equatable {
        enum Kind: Sendable, Equatable {
            case reasoning
            case preamble
            case final
            case call(ToolCall)
        }

        var kind: Kind
        /// The text as the client got it.
        var text: String
        /// The sampled ids, from behind `<|start|>assistant` to the end token.
        var tokens: [Int32]
    }

    var messages: [Message]

    /// What the client got as the answer's text.
    var content: String {
        messages.filter { $0.kind == .preamble || $0.kind == .final }.map(\.text).joined(separator: messageSeparator)
    }

    /// What the client got as reasoning.
    var reasoning: String {
        messages.filter { $0.kind == .reasoning }.map(\.text).joined(separator: messageSeparator)
    }

    /// The turn's calls.
    var calls: [ToolCall] {
        messages.compactMap { if case .call(let call) = $0.kind { call } else { nil } }
    }

    var tokenCount: Int { messages.reduce(0) { $0 + $1.tokens.count } }

    var key: TurnMemory.Key? { Self.key(content: content, calls: calls) }

    static func key(content: String, calls: [ToolCall]) -> TurnMemory.Key? {
        if let call = calls.first { return .toolCall(Array(call.id.utf8)) }
        return content.isEmpty ? nil : .content(Array(content.utf8))
    }

    /// Whether a client's message says, byte for byte, what this turn showed it. A client may leave text before calls away.
    func isWhatClientSaw(_ message: ConversationMessage) -> Bool {
        let calls = calls
        guard calls.count == message.toolCalls.count else { return false }
        let isSameText = { (a: String, b: String) in a.utf8.elementsEqual(b.utf8) }
        let callsAgree = zip(calls, message.toolCalls).allSatisfy {
            isSameText($0.id, $1.id) && isSameText($0.name, $1.name) && isSameText($0.arguments, $1.arguments)
        }
        return callsAgree
            && (isSameText(content, message.content) || (!calls.isEmpty && message.content.isEmpty))
    }
}

/// Stands between two messages of one turn that reach the client as one text.
let messageSeparator = "\n\n"
