import Conversation
import JSON

/// Puts the events of a turn into content blocks, which follow each other and do not interleave.
struct TurnBlocks: Sendable {
    /// A block of the answer.
    struct Block: Sendable {
        /// What the text is.
        enum Kind: Sendable, Equatable {
            case text
            case reasoning
            case call(id: String, name: String)
        }

        let kind: Kind
        /// The text so far; of a call, its arguments.
        var text: String
    }

    private(set) var blocks: [Block] = []
    private(set) var summary: ConversationSummary?

    /// Takes the next event.
    mutating func add(_ event: ConversationEvent) {
        switch event {
        case .promptProgress: break
        case .reasoning(let text): append(text, to: .reasoning)
        case .content(let text, _): append(text, to: .text)
        case .toolCallStarted(_, let id, let name): blocks.append(Block(kind: .call(id: id, name: name), text: ""))
        case .toolCallArguments(_, let text): if !blocks.isEmpty { blocks[blocks.count - 1].text += text }
        case .finished(let summary): self.summary = summary
        }
    }

    private mutating func append(_ text: String, to kind: Block.Kind) {
        guard !text.isEmpty else { return }
        if blocks.last?.kind != kind { blocks.append(Block(kind: kind, text: "")) }
        blocks[blocks.count - 1].text += text
    }

    /// Whether the arguments of a call are no JSON object.
    var hasMalformedCall: Bool {
        blocks.contains { block in
            if case .call = block.kind { block.input == nil } else { false }
        }
    }
}

extension TurnBlocks.Block {
    /// A call's arguments as the object that Converse wants; nil if they are none, as the model may write anything or be cut
    /// short.
    var input: JSONObject? {
        if text.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x0A }) { return JSONObject() }
        return (try? JSONValue.parse(text))?.objectValue
    }
}
