import Conversation
import JSON

/// Puts the events of a turn into content blocks, which follow each other and do not interleave.
struct TurnBlocks: Sendable {
    /// A block of the answer.
    enum Block: Sendable {
        case text(String)
        case reasoning(String)
        case call(ToolCall)
    }

    private(set) var blocks: [Block] = []
    private(set) var summary: ConversationSummary?

    /// Takes the next event.
    mutating func add(_ event: ConversationEvent) {
        switch event {
        case .promptProgress: break
        case .reasoning(let text):
            if case .reasoning(let before)? = blocks.last {
                blocks[blocks.count - 1] = .reasoning(before + text)
            } else {
                blocks.append(.reasoning(text))
            }
        case .content(let text, _):
            guard !text.isEmpty else { break }
            if case .text(let before)? = blocks.last {
                blocks[blocks.count - 1] = .text(before + text)
            } else {
                blocks.append(.text(text))
            }
        case .toolCallStarted(_, let id, let name): blocks.append(.call(ToolCall(id: id, name: name, arguments: "")))
        case .toolCallArguments(_, let text):
            guard case .call(var call)? = blocks.last else { break }
            call.arguments += text
            blocks[blocks.count - 1] = .call(call)
        case .finished(let summary): self.summary = summary
        }
    }

    /// Whether the arguments of a call are no JSON object.
    var hasMalformedCall: Bool {
        blocks.contains { block in
            if case .call(let call) = block { call.input == nil } else { false }
        }
    }
}

extension ToolCall {
    /// The arguments as the object that Converse wants; nil if they are none, as the model may write anything or be cut short.
    var input: JSONObject? {
        if arguments.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x0A }) { return JSONObject() }
        return (try? JSONValue.parse(arguments))?.objectValue
    }
}
