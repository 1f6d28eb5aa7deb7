import Generation

/// What happens while a request is answered, in order; `.finished` comes last.
public enum ConversationEvent: Sendable, Equatable {
    /// So many of the prompt's tokens are computed.
    case promptProgress(computed: Int, total: Int)
    /// More of the reasoning.
    case reasoning(String)
    /// More of what the user reads, and the tokens that end in it (if log-probabilities were asked for).
    case content(String, tokens: [TokenLogprob])
    /// A call begins: the number of the call in this turn, its new id, and the function.
    case toolCallStarted(index: Int, id: String, name: String)
    /// More of a call's arguments.
    case toolCallArguments(index: Int, String)
    /// The end.
    case finished(ConversationSummary)
}

/// Why a turn ended, and what it cost.
public struct ConversationSummary: Sendable, Equatable {
    /// Why a turn ended.
    public enum Reason: Sendable, Equatable {
        /// The model was done, or a stop text appeared.
        case stop
        /// The limit of tokens or of the context was reached.
        case length
        /// The model waits for the results of its calls.
        case toolCalls

        /// The reason in the words of OpenAI's API, which metrics use, too.
        public var name: String {
            switch self {
            case .stop: "stop"
            case .length: "length"
            case .toolCalls: "tool_calls"
            }
        }
    }

    /// Why it ended.
    public var reason: Reason
    /// Whether a stop text of the request ended it.
    public var isCutByStopText: Bool
    /// What it cost.
    public var usage: TokenUsage
    /// Breaks of the harmony format in the model's output that were repaired.
    public var repairs: Int

    /// The end of a turn.
    public init(reason: Reason, isCutByStopText: Bool = false, usage: TokenUsage, repairs: Int = 0) {
        self.reason = reason
        self.isCutByStopText = isCutByStopText
        self.usage = usage
        self.repairs = repairs
    }
}

/// Tokens of a request and its answer.
public struct TokenUsage: Sendable, Equatable {
    /// Tokens of the prompt.
    public var promptTokens: Int
    /// Of these, not computed because an equal prefix was in memory.
    public var cachedTokens: Int
    /// Tokens generated, reasoning and control tokens included.
    public var completionTokens: Int
    /// Of these, the reasoning's.
    public var reasoningTokens: Int

    /// Counts of one answer.
    public init(promptTokens: Int, cachedTokens: Int = 0, completionTokens: Int = 0, reasoningTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.completionTokens = completionTokens
        self.reasoningTokens = reasoningTokens
    }

    /// What a request has taken whose turn has not come.
    public static let zero = TokenUsage(promptTokens: 0)

    /// Prompt and completion.
    public var totalTokens: Int { promptTokens + completionTokens }
}
