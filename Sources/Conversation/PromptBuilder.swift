import Harmony

/// Turns a conversation into what the harmony renderer takes.
///
/// The instructions of system and developer messages at the beginning become the developer message, with the functions; later
/// ones stay where they are. What the assistant wrote is repeated token for token if it is remembered. The renderer leaves
/// the reasoning of turns away that a final answer has closed.
struct PromptBuilder {
    private let request: ConversationRequest
    private let memory: TurnMemory
    private let defaultDate: String

    init(_ request: ConversationRequest, memory: TurnMemory, defaultDate: String) {
        self.request = request
        self.memory = memory
        self.defaultDate = defaultDate
    }

    /// The prompt, to be followed by the assistant's turn.
    func prompt() throws(ConversationError) -> HarmonyPrompt {
        guard !request.messages.isEmpty else { throw .noMessages }
        if let date = request.date, CalendarDate(date) == nil { throw .invalidDate(date) }
        let leading = request.messages.prefix { $0.role == .system || $0.role == .developer }
        let instructions = EffortLine.extract(from: leading.map(\.content).joined(separator: "\n\n"))
        var prompt = HarmonyPrompt()
        prompt.currentDate = request.date ?? defaultDate
        prompt.reasoningEffort = request.effort ?? instructions.effort ?? .medium
        prompt.instructions = instructions.text.isEmpty ? nil : instructions.text
        prompt.functions = request.toolChoice == .none ? [] : request.tools
        prompt.messages = try history(from: leading.count)
        return prompt
    }

    private func history(from start: Int) throws(ConversationError) -> [HarmonyMessage] {
        var result: [HarmonyMessage] = []
        var functions: [[UInt8]: String] = [:]
        for (index, message) in request.messages.enumerated().dropFirst(start) {
            switch message.role {
            case .system, .developer:
                result.append(.developer("# Instructions\n\n" + message.content))
            case .user:
                result.append(.user(message.content))
            case .assistant:
                for call in message.toolCalls { functions[Array(call.id.utf8)] = call.name }
                result += assistant(message)
            case .tool:
                guard let id = message.toolCallID, let name = functions[Array(id.utf8)] else {
                    throw .unknownToolCall(id: message.toolCallID, message: index)
                }
                result.append(.result(function: name, output: message.content))
            }
        }
        return result
    }

    private func assistant(_ message: ConversationMessage) -> [HarmonyMessage] {
        let remembered = memory.turn(of: message)
        let reasoning = message.reasoning.flatMap { $0.isEmpty ? nil : $0 }
        guard let remembered else {
            let content: [HarmonyMessage] =
                message.content.isEmpty
                ? [] : [message.toolCalls.isEmpty ? .final(message.content) : .preamble(message.content)]
            return (reasoning.map { [.analysis($0)] } ?? []) + content
                + message.toolCalls.map { .call(function: $0.name, arguments: $0.arguments) }
        }
        if let reasoning, !remembered.reasoning.utf8.elementsEqual(reasoning.utf8) {
            return [.analysis(reasoning)] + remembered.messages.filter { $0.kind != .reasoning }.map(replayed)
        }
        return remembered.messages.map(replayed)
    }

    private func replayed(_ message: RememberedTurn.Message) -> HarmonyMessage {
        switch message.kind {
        case .reasoning: .analysis(message.text, sampledTokens: message.tokens)
        case .preamble: .preamble(message.text, sampledTokens: message.tokens)
        case .final: .final(message.text, sampledTokens: message.tokens)
        case .call(let call): .call(function: call.name, arguments: call.arguments, sampledTokens: message.tokens)
        }
    }
}

/// A line `Reasoning: high` in the instructions, the way people set the effort where an API has no field for it.
enum EffortLine {
    /// The effort that the last such line asks for, and the text without such lines.
    static func extract(from text: String) -> (text: String, effort: ReasoningEffort?) {
        var effort: ReasoningEffort?
        var kept: [String] = []
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let words = String(decoding: line, as: UTF8.self).lowercased()
                .split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
            if words.count == 2, words[0] == "reasoning:", let level = ReasoningEffort(rawValue: String(words[1])) {
                effort = level
            } else {
                kept.append(String(decoding: line, as: UTF8.self))
            }
        }
        guard effort != nil else { return (text, nil) }
        let isBlank = { (line: String) in line.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
        let trimmed = kept.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        return (trimmed.joined(separator: "\n"), effort)
    }
}
