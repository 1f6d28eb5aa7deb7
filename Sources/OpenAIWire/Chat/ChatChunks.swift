import APISupport
import Conversation
import Generation
import JSON

/// Writes the events of a chat answer as `chat.completion.chunk` objects.
///
/// The role comes first, at once; reasoning is sent under both names that clients read; a call's id and name are sent once,
/// then its arguments; `finish_reason` has a chunk of its own, and so has the usage, if it was asked for.
package struct ChatChunks: ChunkWriter {
    private let logprobs: ChatLogprobs?
    private let choices: Int
    private let includesUsage: Bool
    /// Everything before a choice's index.
    private let prefix: [UInt8]
    private var usages: [TokenUsage] = []

    /// - Parameter logprobs: nil if they were not asked for.
    package init(_ head: AnswerHead, choices: Int, includesUsage: Bool, logprobs: ChatLogprobs?) {
        self.choices = choices
        self.includesUsage = includesUsage
        self.logprobs = logprobs
        prefix = Array("{".utf8) + head.fields(object: "chat.completion.chunk") + Array(",\"choices\":[".utf8)
    }

    /// The roles.
    package mutating func begin() -> [[UInt8]] {
        (0..<choices).map { choice in
            chunk(choice) { $0.append(raw: "{\"role\":\"assistant\",\"content\":\"\"}") }
        }
    }

    /// The chunk of an event.
    package mutating func encode(_ event: ConversationEvent, source: Int) -> [[UInt8]] {
        if case .finished(let summary) = event { usages.append(summary.usage) }
        return chunk(of: event, source).map { [$0] } ?? []
    }

    private func chunk(of event: ConversationEvent, _ source: Int) -> [UInt8]? {
        switch event {
        case .promptProgress: return nil
        case .reasoning(let text):
            return chunk(source) { writer in
                writer.append(raw: "{\"reasoning_content\":")
                writer.append(string: text)
                writer.append(raw: ",\"reasoning\":")
                writer.append(string: text)
                writer.append(raw: "}")
            }
        case .content(let text, let tokens):
            return chunk(source, tokens: tokens) { writer in
                writer.append(raw: "{\"content\":")
                writer.append(string: text)
                writer.append(raw: "}")
            }
        case .toolCallStarted(let index, let id, let name):
            return toolCall(source, index) { writer in
                writer.append(raw: ",\"id\":")
                writer.append(string: id)
                writer.append(raw: ",\"type\":\"function\",\"function\":{\"name\":")
                writer.append(string: name)
                writer.append(raw: ",\"arguments\":\"\"}")
            }
        case .toolCallArguments(let index, let text):
            return toolCall(source, index) { writer in
                writer.append(raw: ",\"function\":{\"arguments\":")
                writer.append(string: text)
                writer.append(raw: "}")
            }
        case .finished(let summary):
            return chunk(source, finishReason: summary.reason.name) { $0.append(raw: "{}") }
        }
    }

    /// The usage, if it was asked for.
    package mutating func end() -> [[UInt8]] {
        guard includesUsage else { return [] }
        var writer = JSONWriter()
        writer.append(raw: prefix)
        writer.append(raw: "],\"usage\":")
        writer.append(usage)
        writer.append(raw: "}")
        return [writer.bytes]
    }

    /// The usage of what has come so far.
    package var usage: TokenUsage { TokenUsage(choices: usages) }

    private func chunk(
        _ choice: Int, tokens: [TokenLogprob] = [], finishReason: String? = nil, _ delta: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: prefix)
        writer.append(raw: "{\"index\":")
        writer.append(choice)
        writer.append(raw: ",\"delta\":")
        delta(&writer)
        writer.append(raw: ",\"logprobs\":")
        if let logprobs, !tokens.isEmpty {
            logprobs.write(tokens, to: &writer)
        } else {
            writer.append(raw: "null")
        }
        writer.append(raw: ",\"finish_reason\":")
        writer.append(optional: finishReason)
        writer.append(raw: includesUsage ? "}],\"usage\":null}" : "}]}")
        return writer.bytes
    }

    private func toolCall(_ choice: Int, _ index: Int, _ fields: (inout JSONWriter) -> Void) -> [UInt8] {
        chunk(choice) { writer in
            writer.append(raw: "{\"tool_calls\":[{\"index\":")
            writer.append(index)
            fields(&writer)
            writer.append(raw: "}]}")
        }
    }
}
