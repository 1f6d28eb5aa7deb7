import APISupport
import Conversation
import Generation
import Harmony
import JSON

/// The body of `POST /v1/chat/completions`.
package struct ChatRequest: Sendable {
    /// What is asked.
    package var conversation: ConversationRequest
    /// How many answers.
    package var choices: Int
    /// How they are sent.
    package var stream: StreamOptions
    /// What was accepted but has no effect.
    package var warnings: [String] = []

    /// - Throws: an error that names the first field that is wrong.
    package init(_ fields: Fields, id: String, limits: GeneratorLimits) throws(OpenAIError) {
        try Self.refuseWhatNeedsConstrainedDecoding(fields)
        stream = try StreamOptions(fields)
        choices = try fields.int("n", in: 1...128) ?? 1
        let tools = try ToolFields(fields)
        warnings = tools.warnings
        conversation = ConversationRequest(
            id: id, messages: try MessageFields.messages(fields), tools: tools.definitions, toolChoice: tools.choice)
        conversation.effort = try EffortFields.effort(fields)
        conversation.sampling = try fields.sampling(limits)
        conversation.stop = try fields.stopTexts()
        conversation.stopTokens = try fields.stopTokens(limits)
        let maximum = try fields.int("max_completion_tokens", in: 1...Int.max)
        let older = try fields.int("max_tokens", in: 1...Int.max)
        conversation.maximumTokens = maximum ?? older
        conversation.topLogprobs = try Self.topLogprobs(fields, limits)
        conversation.date = try Self.date(fields)
        conversation.ignoresStopTokens = try fields.bool("ignore_eos") ?? false
    }

    private static func refuseWhatNeedsConstrainedDecoding(_ fields: Fields) throws(OpenAIError) {
        if let format = try fields.object("response_format") {
            let type = try format.required("type") { key throws(OpenAIError) in try format.string(key) }
            guard type == "text" else {
                throw fields.unsupported(
                    "response_format",
                    "response_format of type '\(type)' is not supported by this version: it needs constrained decoding. "
                        + "Use 'text' and describe the format in the prompt.")
            }
        }
        for key in ["functions", "function_call"] where fields.value(key) != nil {
            throw fields.unsupported(key, "'\(key)' is not supported: use 'tools' and 'tool_choice'.")
        }
    }

    private static func topLogprobs(_ fields: Fields, _ limits: GeneratorLimits) throws(OpenAIError) -> Int? {
        let isWanted = try fields.bool("logprobs") ?? false
        let count = try fields.int("top_logprobs", in: 0...limits.maximumTopLogprobs)
        if count != nil, !isWanted {
            throw .invalid(
                "The 'top_logprobs' parameter is only allowed when 'logprobs' is true.", parameter: "top_logprobs")
        }
        return isWanted ? count ?? 0 : nil
    }

    /// The date that the model is told: `conversation_date`, also within `chat_template_kwargs`.
    private static func date(_ fields: Fields) throws(OpenAIError) -> String? {
        let arguments = try fields.object("chat_template_kwargs")
        for (owner, key) in [(fields, "conversation_date"), (arguments ?? fields, "conversation_date")] {
            guard let text = try owner.string(key) else { continue }
            guard CalendarDate(text) != nil else {
                throw owner.outOfRange(key, "'\(text)'", allowed: "a date as YYYY-MM-DD")
            }
            return text
        }
        return nil
    }
}

/// The fields that say how long the model thinks: `reasoning_effort`, `reasoning: {effort}`, and both within
/// `chat_template_kwargs`.
package enum EffortFields {
    /// The effort; nil if no field says one.
    package static func effort(_ fields: Fields) throws(OpenAIError) -> ReasoningEffort? {
        if let effort = try effort(fields, key: "reasoning_effort") { return effort }
        // Why strings pass: some clients use the name for the assistant's text.
        if fields.value("reasoning")?.objectValue != nil, let reasoning = try fields.object("reasoning"),
            let effort = try effort(reasoning, key: "effort")
        {
            return effort
        }
        guard let arguments = try fields.object("chat_template_kwargs") else { return nil }
        return try effort(arguments, key: "reasoning_effort")
    }

    private static func effort(_ fields: Fields, key: String) throws(OpenAIError) -> ReasoningEffort? {
        guard let text = try fields.string(key) else { return nil }
        switch text {
        case "low", "minimal", "none": return .low
        case "medium": return .medium
        case "high": return .high
        default:
            throw fields.outOfRange(
                key, "'\(text)'", allowed: "'low', 'medium' or 'high' ('minimal' and 'none' mean 'low')")
        }
    }
}
