import Generation
import Harmony
import Tokenizer

/// Turns the sampled tokens of one turn into events, one token at a time.
struct TurnAssembler: Sendable {
    /// The message that is being written.
    private struct OpenMessage: Sendable {
        enum Destination: Sendable {
            case reasoning
            case content(RememberedTurn.Message.Kind)
            case call(index: Int, ToolCall)
        }

        var destination: Destination
        var text = ""
        var isWellFormed = true
    }

    private let encoding: HarmonyEncoding
    private let names: HarmonyToolNames
    private let hasFunctions: Bool
    private var parser: HarmonyStreamParser
    private var gate: ContentGate
    private var open: OpenMessage?
    /// Messages of the parser that are closed here.
    private var closed = 0
    private var calls = 0
    private var hasReasoning = false
    private var hasContent = false
    private var hasAnswer = false
    private var separator = ""

    /// The messages that are complete and as the format wants them; nil once one was not.
    private(set) var remembered: RememberedTurn? = RememberedTurn(messages: [])
    /// All sampled tokens.
    private(set) var sampled: [Int32] = []
    private(set) var reasoningTokens = 0
    /// Breaks of the format that were repaired.
    private(set) var repairs = 0

    /// - Parameter functions: the names of those that may be called; none makes every call content.
    init(encoding: HarmonyEncoding, functions: [String], stop: [String]) {
        self.encoding = encoding
        names = HarmonyToolNames(functions)
        hasFunctions = !functions.isEmpty
        parser = HarmonyStreamParser(encoding, toolNames: names)
        gate = ContentGate(stop: stop)
    }

    /// Whether a stop text was found.
    var hasMatchedStop: Bool { gate.hasMatched }
    /// Whether the model writes what cannot belong to its turn.
    var isAbandoned: Bool { parser.turnEnd == .abandoned }
    /// Whether there is nothing to show: the turn ended behind its reasoning.
    var isEmpty: Bool { !hasAnswer && !hasContent && calls == 0 }
    /// Whether functions were called.
    var hasCalls: Bool { calls > 0 }

    /// The next sampled token.
    mutating func consume(_ token: SampledToken) -> [ConversationEvent] {
        sampled.append(token.id)
        let parsed = parser.consume(token.id)
        let isStructural = parsed.contains { event in
            switch event {
            case .messageStart, .messageEnd: true
            case .text, .diagnostic: false
            }
        }
        if case .reasoning? = open?.destination, !isStructural { reasoningTokens += 1 }
        var result: [ConversationEvent] = []
        for event in parsed {
            handle(event, logprob: isStructural ? nil : token.logprob, &result)
        }
        if parsed.isEmpty, case .content? = open?.destination, token.logprob != nil {
            show("", token.logprob, &result)
        }
        return result
    }

    /// What is left when no more tokens come.
    mutating func finish() -> [ConversationEvent] {
        var result: [ConversationEvent] = []
        for event in parser.finish() { handle(event, logprob: nil, &result) }
        let (text, tokens) = gate.finish()
        if !text.isEmpty || !tokens.isEmpty { result.append(.content(text, tokens: tokens)) }
        return result
    }

    /// Begins the final message in the model's place, because it ended its turn without one.
    ///
    /// - Returns: the tokens that follow the prompt of the generation that goes on: what was sampled, ended as a message in the
    ///   middle of a turn ends, and the final message's header.
    mutating func forceFinalMessage() -> [Int32] {
        let stops = Set(encoding.samplingStops + [encoding.end])
        var written = Array(sampled.reversed().drop { stops.contains($0) }.reversed())
        if !written.isEmpty {
            written += [encoding.end, encoding.start] + encoding.tokenizer.encodeOrdinary("assistant")
        }
        let header = [encoding.channel] + encoding.tokenizer.encodeOrdinary("final") + [encoding.message]
        parser = HarmonyStreamParser(encoding, toolNames: names)
        closed = 0
        var ignored: [ConversationEvent] = []
        for id in header {
            for event in parser.consume(id) { handle(event, logprob: nil, &ignored) }
        }
        return written + header
    }

    private mutating func handle(
        _ event: HarmonyEvent, logprob: TokenLogprob?, _ result: inout [ConversationEvent]
    ) {
        switch event {
        case .messageStart(let header): begin(header, &result)
        case .text(let text, _): append(text, logprob, &result)
        case .messageEnd(_, let end): close(end)
        case .diagnostic:
            repairs += 1
            open?.isWellFormed = false
            remembered = nil
        }
    }

    private mutating func begin(_ header: HarmonyHeader, _ result: inout [ConversationEvent]) {
        switch header.purpose {
        case .reasoning:
            open = OpenMessage(destination: .reasoning)
            separator = hasReasoning ? messageSeparator : ""
        case .preamble: beginContent(.preamble)
        case .answer:
            hasAnswer = true
            beginContent(.final)
        case .call(let recipient):
            guard let name = function(recipient) else {
                // Why: a call that nobody asked for is still what the model had to say.
                remembered = nil
                return beginContent(.preamble)
            }
            let call = ToolCall(id: "call_" + randomCallIdentifier(), name: name, arguments: "")
            open = OpenMessage(destination: .call(index: calls, call))
            result.append(.toolCallStarted(index: calls, id: call.id, name: name))
            calls += 1
        }
    }

    private mutating func beginContent(_ kind: RememberedTurn.Message.Kind) {
        open = OpenMessage(destination: .content(kind))
        separator = hasContent ? messageSeparator : ""
    }

    private mutating func append(_ text: String, _ logprob: TokenLogprob?, _ result: inout [ConversationEvent]) {
        guard let open else { return }
        self.open?.text += text
        switch open.destination {
        case .reasoning:
            hasReasoning = true
            result.append(.reasoning(separator + text))
            separator = ""
        case .content:
            hasContent = true
            if !separator.isEmpty { show(separator, nil, &result) }
            separator = ""
            show(text, logprob, &result)
        case .call(let index, _): result.append(.toolCallArguments(index: index, text))
        }
    }

    private mutating func show(_ text: String, _ logprob: TokenLogprob?, _ result: inout [ConversationEvent]) {
        let (text, tokens) = gate.append(text, token: logprob)
        if !text.isEmpty || !tokens.isEmpty { result.append(.content(text, tokens: tokens)) }
    }

    /// The function that a recipient means; nil if there are none, or if it is a part of the conversation.
    ///
    /// An unknown function is returned by its name: the client can answer the model that there is no such function.
    private func function(_ recipient: String) -> String? {
        let isAudience = ["", "assistant", "user", "all", "system", "developer"].contains(recipient)
        return hasFunctions && !isAudience ? names.function(recipient: recipient) : nil
    }

    private mutating func close(_ end: HarmonyMessageEnd) {
        let ids = parser.messages.indices.contains(closed) ? parser.messages[closed].sampledTokens : nil
        closed += 1
        defer { open = nil }
        guard let open, open.isWellFormed, end != .unfinished, end != .nextMessage, let ids else {
            remembered = nil
            return
        }
        let kind: RememberedTurn.Message.Kind =
            switch open.destination {
            case .reasoning: .reasoning
            case .content(let kind): kind
            case .call(_, let call): .call(ToolCall(id: call.id, name: call.name, arguments: open.text))
            }
        remembered?.messages.append(.init(kind: kind, text: open.text, tokens: ids))
    }
}

/// 24 random letters and digits.
private func randomCallIdentifier() -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    var source = SystemRandomNumberGenerator()
    return String(
        decoding: (0..<24).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &source)] }, as: UTF8.self)
}
