/// A message of a conversation, in no API's dialect.
public struct ConversationMessage: Sendable, Equatable {
    /// Who writes.
    public enum Role: String, Sendable, Equatable, CaseIterable {
        /// The application. What APIs call the system prompt becomes harmony's developer message.
        case system
        /// The application, too.
        case developer
        /// Who asks.
        case user
        /// The model.
        case assistant
        /// A function's result.
        case tool
    }

    /// Who writes.
    public var role: Role
    /// The text.
    public var content: String
    /// The assistant's reasoning, if the client kept it.
    public var reasoning: String?
    /// The assistant's calls.
    public var toolCalls: [ToolCall]
    /// The call whose result this is.
    public var toolCallID: String?

    /// A message by its role and text.
    public init(
        _ role: Role, _ content: String, reasoning: String? = nil, toolCalls: [ToolCall] = [],
        toolCallID: String? = nil
    ) {
        self.role = role
        self.content = content
        self.reasoning = reasoning
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
    }
}

/// A call of a function.
public struct ToolCall: Sendable, Equatable {
    /// The call's id, which its result refers to.
    public var id: String
    /// The function's name as the client declared it.
    public var name: String
    /// The arguments as the model wrote them: JSON, if it kept to the schema.
    public var arguments: String

    /// A call by its id, function and arguments.
    public init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}
