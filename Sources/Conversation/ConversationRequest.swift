import Generation
import Harmony

/// What somebody wants answered, in no API's dialect.
public struct ConversationRequest: Sendable {
    /// Names the request in logs.
    public var id: String
    /// The conversation so far; at least one message.
    public var messages: [ConversationMessage]
    /// Functions that the model may call.
    public var tools: [ToolDefinition]
    /// Whether it may call them.
    public var toolChoice: ToolChoice
    /// How long it thinks; nil takes it from a line `Reasoning: high` of the instructions, else `medium`.
    public var effort: ReasoningEffort?
    /// How to choose tokens.
    public var sampling: SamplingParameters
    /// Texts that end the answer when they appear in what the user reads; never matched in reasoning or tool calls.
    public var stop: [String]
    /// Ids that end the turn besides the model's own, wherever they are sampled.
    public var stopTokens: Set<Int32> = []
    /// Who asks: clients whose requests wait take turns.
    public var client: String?
    /// The most tokens to generate, reasoning included; nil means up to the context length.
    public var maximumTokens: Int?
    /// Log-probabilities wanted with the tokens of the answer: nil none, 0 the token's only, n also the n best.
    public var topLogprobs: Int?
    /// The date that the model is told, `YYYY-MM-DD`; nil takes the service's.
    public var date: String?
    /// Keep generating past stop tokens (benchmarks).
    public var ignoresStopTokens: Bool

    /// A conversation with OpenAI's default parameters.
    public init(
        id: String, messages: [ConversationMessage], tools: [ToolDefinition] = [], toolChoice: ToolChoice = .auto,
        effort: ReasoningEffort? = nil, sampling: SamplingParameters = SamplingParameters(), stop: [String] = [],
        maximumTokens: Int? = nil, topLogprobs: Int? = nil, date: String? = nil, ignoresStopTokens: Bool = false
    ) {
        self.id = id
        self.messages = messages
        self.tools = tools
        self.toolChoice = toolChoice
        self.effort = effort
        self.sampling = sampling
        self.stop = stop
        self.maximumTokens = maximumTokens
        self.topLogprobs = topLogprobs
        self.date = date
        self.ignoresStopTokens = ignoresStopTokens
    }
}

/// Whether the model may call functions.
public enum ToolChoice: Sendable, Equatable {
    /// The model decides.
    case auto
    /// It is not told about them.
    case none
    /// It must call one. Refused: needs constrained decoding.
    case required
    /// It must call this one. Refused: needs constrained decoding.
    case function(String)
}
