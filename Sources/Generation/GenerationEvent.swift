/// What a generation yields, in order: `.admitted` when its turn has come, progress while the prompt is computed, the
/// prompt's log-probabilities if asked for, the tokens, and one `.finished`.
public enum GenerationEvent: Sendable, Equatable {
    /// The prompt is computed from now on; so many of its tokens are not, because an equal prefix was already in memory.
    case admitted(cachedTokens: Int)
    /// So many of the prompt's tokens are computed.
    case promptProgress(computed: Int, total: Int)
    /// One entry per prompt token; the first token has none.
    case promptLogprobs([TokenLogprob?])
    /// The next sampled token.
    case token(SampledToken)
    /// The end.
    case finished(FinishReason)
}

/// A sampled token.
public struct SampledToken: Sendable, Equatable {
    /// The token's id.
    public var id: Int32
    /// Its log-probability and the most likely tokens', if asked for.
    public var logprob: TokenLogprob?

    /// - Parameter logprob: only when the request asked for it.
    public init(id: Int32, logprob: TokenLogprob? = nil) {
        self.id = id
        self.logprob = logprob
    }
}

/// The log-probability (natural logarithm) of a token, and of the most likely ones at its place.
public struct TokenLogprob: Sendable, Equatable {
    /// The token's id.
    public var id: Int32
    /// Its log-probability.
    public var logprob: Float
    /// The most likely tokens, most likely first.
    public var top: [Candidate]

    /// One of the most likely tokens.
    public struct Candidate: Sendable, Equatable {
        /// The token's id.
        public var id: Int32
        /// Its log-probability.
        public var logprob: Float

        /// - Parameter logprob: natural logarithm of the probability.
        public init(id: Int32, logprob: Float) {
            self.id = id
            self.logprob = logprob
        }
    }

    /// - Parameter top: the most likely tokens, best first.
    public init(id: Int32, logprob: Float, top: [Candidate]) {
        self.id = id
        self.logprob = logprob
        self.top = top
    }
}

/// Why a generation ended.
public enum FinishReason: Sendable, Equatable {
    /// A stop token was sampled; it was the last token delivered.
    case stopToken(Int32)
    /// `maximumTokens` or the context length was reached.
    case length
}

/// Why a generation could not run or go on.
public enum GenerationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Prompt (and requested output) exceed the context.
    case contextLengthExceeded(promptTokens: Int, requestedTokens: Int?, limit: Int)
    /// The request itself is wrong; the text says what to change.
    case invalidRequest(String)
    /// The queue is full; try again after so many seconds.
    case overloaded(retryAfterSeconds: Int)
    /// The generator could not go on; the text says why.
    case failed(String)
    /// The generator is shutting down.
    case shuttingDown

    /// The error in a sentence.
    public var description: String {
        switch self {
        case .contextLengthExceeded(let prompt, let requested?, let limit):
            "\(prompt) prompt tokens and \(requested) new ones exceed the context of \(limit) tokens: "
                + "ask for fewer, or shorten the prompt"
        case .contextLengthExceeded(let prompt, nil, let limit):
            "\(prompt) prompt tokens exceed the context of \(limit) tokens: shorten the prompt"
        case .invalidRequest(let text), .failed(let text): text
        case .overloaded(let seconds): "too many requests wait: try again in \(seconds) s"
        case .shuttingDown: "the engine is shutting down"
        }
    }
}
