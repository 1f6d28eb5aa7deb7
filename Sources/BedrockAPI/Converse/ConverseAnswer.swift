import Conversation
import JSON

/// Gathers the events of a turn into Converse's answer.
struct ConverseAnswer: Sendable {
    private var turn = TurnBlocks()
    private let maximumTokens: Int?

    /// - Parameter maximumTokens: the request's limit.
    init(maximumTokens: Int?) {
        self.maximumTokens = maximumTokens
    }

    /// Takes the next event.
    mutating func add(_ event: ConversationEvent) { turn.add(event) }

    /// The answer.
    func json(latency: Int) -> [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":")
        writer.append(list: turn.blocks) { Self.write($1, to: &$0) }
        writer.append(raw: "}}")
        if let summary = turn.summary {
            let reason = StopReason(
                summary, maximumTokens: maximumTokens, hasMalformedCall: turn.hasMalformedCall)
            writer.append(raw: ",\"stopReason\":")
            writer.append(string: reason.rawValue)
            writer.append(raw: ",")
            writer.append(usage: summary.usage, latency: latency)
        }
        writer.append(raw: "}")
        return writer.bytes
    }

    private static func write(_ block: TurnBlocks.Block, to writer: inout JSONWriter) {
        switch block.kind {
        case .text:
            writer.append(raw: "{\"text\":")
            writer.append(string: block.text)
            writer.append(raw: "}")
        case .reasoning:
            writer.append(raw: "{\"reasoningContent\":{\"reasoningText\":{\"text\":")
            writer.append(string: block.text)
            writer.append(raw: "}}}")
        case .call(let id, let name):
            writer.append(raw: "{\"toolUse\":{\"toolUseId\":")
            writer.append(string: id)
            writer.append(raw: ",\"name\":")
            writer.append(string: name)
            writer.append(raw: ",\"input\":")
            // Why empty: the member must be an object; that the arguments were none shows in the stop reason.
            writer.append(.object(block.input ?? JSONObject()))
            writer.append(raw: "}}")
        }
    }
}

extension JSONWriter {
    /// Appends `"usage":{…},"metrics":{…}`.
    ///
    /// Without `cacheReadInputTokens`: on Amazon Bedrock these come beside `inputTokens`, and only where a request asked for
    /// a cache point.
    mutating func append(usage: TokenUsage, latency: Int) {
        append(raw: "\"usage\":{\"inputTokens\":")
        append(usage.promptTokens)
        append(raw: ",\"outputTokens\":")
        append(usage.completionTokens)
        append(raw: ",\"totalTokens\":")
        append(usage.totalTokens)
        append(raw: "},\"metrics\":{\"latencyMs\":")
        append(latency)
        append(raw: "}")
    }
}
