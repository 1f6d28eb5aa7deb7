/// Why a conversation cannot be turned into a prompt.
public enum ConversationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no message.
    case noMessages
    /// A result names no call that came before it.
    case unknownToolCall(id: String?, message: Int)
    /// A feature that needs constrained decoding, which this version does not have.
    case needsConstrainedDecoding(String)
    /// A stop text is empty.
    case emptyStopText
    /// The date is not written as `YYYY-MM-DD`.
    case invalidDate(String)

    /// The error in a sentence.
    public var description: String {
        switch self {
        case .noMessages: "the conversation needs at least one message"
        case .unknownToolCall(let id?, let message):
            "message \(message) is the result of tool call '\(id)', but no assistant message before it has a tool call with "
                + "that id: send the assistant message with its tool_calls, too"
        case .unknownToolCall(nil, let message):
            "message \(message) is a tool's result without 'tool_call_id': name the tool call whose result it is"
        case .needsConstrainedDecoding(let feature):
            "\(feature) is not supported by this version: it needs constrained decoding. Use tool_choice 'auto' or 'none'"
        case .emptyStopText: "a stop text must not be empty"
        case .invalidDate(let date): "'\(date)' is no date: write it as YYYY-MM-DD"
        }
    }
}
