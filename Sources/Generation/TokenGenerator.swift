/// The seam between what knows about conversations and what knows about tensors: prompt ids in, sampled ids out.
///
/// Everything that knows about harmony, tools, JSON or HTTP is above this protocol; everything that knows about weights
/// is below it. A conforming type owns its own threads; nothing here blocks the caller.
public protocol TokenGenerator: Sendable {
    /// What this generator can take.
    var limits: GeneratorLimits { get }

    /// Starts generating. The request is queued; events arrive in order and end with `.finished`, or the stream throws.
    ///
    /// Dropping the stream (or cancelling the task that reads it) cancels the request and frees its memory at once.
    /// - Throws: `GenerationError` at once if the request can never run (too long, invalid) or the queue is full.
    func generate(_ request: GenerationRequest) throws -> AsyncThrowingStream<GenerationEvent, any Error>

    /// Load figures for metrics and health, as of now.
    func load() -> GeneratorLoad
}

/// What a generator can take.
public struct GeneratorLimits: Sendable, Equatable {
    /// The most tokens (prompt and output together) that one sequence may have.
    public var contextLength: Int
    /// Number of token ids; valid ids are 0..<vocabularySize.
    public var vocabularySize: Int
    /// The most log-probabilities per token that may be asked for.
    public var maximumTopLogprobs: Int

    /// - Parameters: lengths in tokens; the vocabulary counts the rows of the unembedding.
    public init(contextLength: Int, vocabularySize: Int, maximumTopLogprobs: Int = 20) {
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
        self.maximumTopLogprobs = maximumTopLogprobs
    }
}

/// Load figures of a generator.
public struct GeneratorLoad: Sendable, Equatable {
    /// Sequences being computed.
    public var running: Int
    /// Requests waiting for a place.
    public var waiting: Int
    /// Share of the KV pages in use, 0...1.
    public var pageUsage: Double
    /// Prompt tokens computed since start.
    public var promptTokens: Int
    /// Tokens sampled since start.
    public var generatedTokens: Int
    /// Prompt tokens that were looked up in the prefix cache since start.
    public var prefixQueries: Int
    /// Those of them that were there and not computed again.
    public var prefixHits: Int
    /// Tokens that were guessed and computed ahead since start.
    public var draftedTokens: Int
    /// Those of them that were right.
    public var acceptedTokens: Int
    /// How often a sequence gave its memory up for others since start, to be computed again.
    public var preemptions: Int

    /// A reading of the counters.
    public init(
        running: Int, waiting: Int, pageUsage: Double, promptTokens: Int, generatedTokens: Int, prefixQueries: Int = 0,
        prefixHits: Int = 0, draftedTokens: Int = 0, acceptedTokens: Int = 0, preemptions: Int = 0
    ) {
        self.running = running
        self.waiting = waiting
        self.pageUsage = pageUsage
        self.promptTokens = promptTokens
        self.generatedTokens = generatedTokens
        self.prefixQueries = prefixQueries
        self.prefixHits = prefixHits
        self.draftedTokens = draftedTokens
        self.acceptedTokens = acceptedTokens
        self.preemptions = preemptions
    }
}
