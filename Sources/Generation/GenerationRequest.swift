/// One sequence to generate.
public struct GenerationRequest: Sendable {
    /// Names the request in logs.
    public var id: String
    /// Prompt token ids; at least one.
    public var prompt: [Int32]
    /// How to choose tokens.
    public var sampling: SamplingParameters
    /// The most tokens to sample; nil means up to the context length. 0 only computes the prompt.
    public var maximumTokens: Int?
    /// Ids that end the sequence when sampled. The id itself is delivered as the last token.
    public var stopTokens: Set<Int32>
    /// Keep sampling past stop tokens (benchmarks).
    public var ignoresStopTokens: Bool
    /// Log-probabilities wanted with each sampled token: nil none, 0 the sampled token's only, n also the n best.
    public var topLogprobs: Int?
    /// Log-probabilities of the prompt's tokens wanted (`echo`): as `topLogprobs`.
    public var promptLogprobs: Int?
    /// One of several sequences of a request that has its place already: never refused for want of room in the queue.
    public var isAdmitted: Bool
    /// Who asks: clients whose requests wait take turns. Requests without one are one client's.
    public var client: String?

    /// Greedy, to the model's stop tokens or the end of the context, unless told otherwise.
    public init(
        id: String, prompt: [Int32], sampling: SamplingParameters = .greedy, maximumTokens: Int? = nil,
        stopTokens: Set<Int32> = [], ignoresStopTokens: Bool = false, topLogprobs: Int? = nil,
        promptLogprobs: Int? = nil, isAdmitted: Bool = false, client: String? = nil
    ) {
        self.id = id
        self.prompt = prompt
        self.sampling = sampling
        self.maximumTokens = maximumTokens
        self.stopTokens = stopTokens
        self.ignoresStopTokens = ignoresStopTokens
        self.topLogprobs = topLogprobs
        self.promptLogprobs = promptLogprobs
        self.isAdmitted = isAdmitted
        self.client = client
    }
}

/// How a token is chosen from the logits.
///
/// Order of application: penalties and bias on the logits, then temperature, then top-k, top-p and min-p on the
/// probabilities, then the draw. Reported log-probabilities are those of the unmodified logits.
public struct SamplingParameters: Sendable, Equatable {
    /// 0 means greedy; otherwise logits are divided by it. 0...2 at the OpenAI door.
    public var temperature: Float
    /// Smallest set of most likely tokens whose probabilities reach this sum; 1 keeps all. In (0, 1].
    public var topP: Float
    /// Number of most likely tokens kept; 0 keeps all.
    public var topK: Int
    /// Tokens less likely than this share of the most likely one are dropped; 0 keeps all.
    public var minP: Float
    /// Subtracted once from the logit of each token that the output already holds.
    public var presencePenalty: Float
    /// Subtracted per occurrence in the output.
    public var frequencyPenalty: Float
    /// Divides positive and multiplies negative logits of tokens in prompt or output; 1 does nothing.
    public var repetitionPenalty: Float
    /// Added to the logits of these ids.
    public var logitBias: [Int32: Float]
    /// Fixes the draw; nil takes a random one.
    public var seed: UInt64?
    /// Ids that may not be sampled before this many tokens are out, the request's stop tokens (`min_tokens`).
    public var minimumTokens: Int

    /// Always the most likely token.
    public static let greedy = SamplingParameters(temperature: 0)

    /// Values out of their ranges are the caller's to refuse; the defaults sample the model's distribution as it is.
    public init(
        temperature: Float = 1, topP: Float = 1, topK: Int = 0, minP: Float = 0, presencePenalty: Float = 0,
        frequencyPenalty: Float = 0, repetitionPenalty: Float = 1, logitBias: [Int32: Float] = [:],
        seed: UInt64? = nil, minimumTokens: Int = 0
    ) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.repetitionPenalty = repetitionPenalty
        self.logitBias = logitBias
        self.seed = seed
        self.minimumTokens = minimumTokens
    }
}
