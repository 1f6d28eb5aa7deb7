import Conversation

/// Why a turn ended, in Converse's words.
enum StopReason: String, Sendable {
    case endTurn = "end_turn"
    case toolUse = "tool_use"
    case maxTokens = "max_tokens"
    case stopSequence = "stop_sequence"
    case malformedToolUse = "malformed_tool_use"
    case contextWindowExceeded = "model_context_window_exceeded"

    /// - Parameters:
    ///   - maximumTokens: the request's limit.
    ///   - hasMalformedCall: whether a call's arguments are no JSON object.
    init(_ summary: ConversationSummary, maximumTokens: Int?, hasMalformedCall: Bool) {
        self =
            switch summary.reason {
            case .stop: summary.isCutByStopText ? .stopSequence : .endTurn
            case .toolCalls: hasMalformedCall ? .malformedToolUse : .toolUse
            case .length:
                summary.usage.completionTokens < maximumTokens ?? Int.max ? .contextWindowExceeded : .maxTokens
            }
    }
}
