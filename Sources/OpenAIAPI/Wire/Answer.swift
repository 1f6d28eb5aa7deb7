import Conversation
import JSON

/// What all objects of one answer have in common: id, kind, time, model.
struct AnswerHead: Sendable {
    let id: String
    let created: Int
    let model: String
    let fingerprint: String

    /// `"id":…,"object":…,"created":…,"model":…,"system_fingerprint":…`, without braces.
    func fields(object: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "\"id\":")
        writer.append(string: id)
        writer.append(raw: ",\"object\":")
        writer.append(string: object)
        writer.append(raw: ",\"created\":")
        writer.append(created)
        writer.append(raw: ",\"model\":")
        writer.append(string: model)
        writer.append(raw: ",\"system_fingerprint\":")
        writer.append(string: fingerprint)
        return writer.bytes
    }
}

extension JSONWriter {
    /// Appends a `usage` object.
    mutating func append(_ usage: TokenUsage, hasReasoning: Bool = true) {
        append(raw: "{\"prompt_tokens\":")
        append(usage.promptTokens)
        append(raw: ",\"completion_tokens\":")
        append(usage.completionTokens)
        append(raw: ",\"total_tokens\":")
        append(usage.totalTokens)
        append(raw: ",\"prompt_tokens_details\":{\"cached_tokens\":")
        append(usage.cachedTokens)
        append(raw: "}")
        if hasReasoning {
            append(raw: ",\"completion_tokens_details\":{\"reasoning_tokens\":")
            append(usage.reasoningTokens)
            append(raw: "}")
        }
        append(raw: "}")
    }

    /// Appends a log-probability; the least finite number for one of zero, which JSON could not say.
    mutating func append(logprob value: Float) {
        append(raw: Array(String(value.isFinite ? value : -9999).utf8))
    }

    /// Appends elements with commas between them.
    mutating func append<Element>(list elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        append(raw: "[")
        for (index, element) in elements.enumerated() {
            if index > 0 { append(raw: ",") }
            write(&self, element)
        }
        append(raw: "]")
    }
}

extension TokenUsage {
    /// The usage of several answers to the same prompt, which counts once.
    init(choices: [TokenUsage]) {
        self.init(
            promptTokens: choices.map(\.promptTokens).max() ?? 0, cachedTokens: choices.map(\.cachedTokens).max() ?? 0,
            completionTokens: choices.reduce(0) { $0 + $1.completionTokens },
            reasoningTokens: choices.reduce(0) { $0 + $1.reasoningTokens })
    }
}

extension ConversationSummary.Reason {
    /// OpenAI's word.
    var finishReason: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .toolCalls: "tool_calls"
        }
    }
}
