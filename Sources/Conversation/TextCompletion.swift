import Generation
import Tokenizer

/// A prompt that is continued as it is, without the conversation format.
public struct TextCompletionRequest: Sendable {
    /// Names the request in logs.
    public var id: String
    /// The prompt's tokens; at least one.
    public var prompt: [Int32]
    /// How to choose tokens.
    public var sampling: SamplingParameters
    /// Texts that end the completion.
    public var stop: [String]
    /// Ids that end the completion besides the model's own.
    public var stopTokens: Set<Int32>
    /// Keep generating past stop tokens (benchmarks).
    public var ignoresStopTokens: Bool
    /// The most tokens to generate; nil means up to the context length, 0 only computes the prompt.
    public var maximumTokens: Int?
    /// Log-probabilities wanted with the completion's tokens, as in `GenerationRequest`.
    public var topLogprobs: Int?
    /// Log-probabilities wanted with the prompt's tokens.
    public var promptLogprobs: Int?
    /// Whether the text shows control tokens.
    public var showsSpecialTokens: Bool
    /// Whether it belongs to a request that has its place in the queue already.
    public var isAdmitted = false
    /// Who asks: clients whose requests wait take turns.
    public var client: String?

    /// A prompt with OpenAI's default parameters.
    public init(
        id: String, prompt: [Int32], sampling: SamplingParameters = SamplingParameters(), stop: [String] = [],
        stopTokens: Set<Int32> = [], ignoresStopTokens: Bool = false, maximumTokens: Int? = nil,
        topLogprobs: Int? = nil, promptLogprobs: Int? = nil, showsSpecialTokens: Bool = false
    ) {
        self.id = id
        self.prompt = prompt
        self.sampling = sampling
        self.stop = stop
        self.stopTokens = stopTokens
        self.ignoresStopTokens = ignoresStopTokens
        self.maximumTokens = maximumTokens
        self.topLogprobs = topLogprobs
        self.promptLogprobs = promptLogprobs
        self.showsSpecialTokens = showsSpecialTokens
    }
}

/// What happens while a prompt is continued; `.finished` comes last.
public enum TextCompletionEvent: Sendable, Equatable {
    /// So many of the prompt's tokens are computed.
    case promptProgress(computed: Int, total: Int)
    /// One entry per prompt token; the first has none.
    case promptLogprobs([TokenLogprob?])
    /// More text, and the tokens that end in it (if log-probabilities were asked for).
    case text(String, tokens: [TokenLogprob])
    /// The end; the reason is never `toolCalls`.
    case finished(ConversationSummary)
}

/// A completion as it is generated: a sequence of events that can be read once. Dropping it cancels the generation.
public struct TextCompletion: AsyncSequence, Sendable {
    private let box: GenerationBox
    private let assembler: TextAssembler

    /// Starts generating.
    ///
    /// - Throws: `GenerationError` if the generator cannot take the request.
    public init(_ request: TextCompletionRequest, model: ServedModel) throws {
        let stopTokens = model.stopTokens.union(request.stopTokens)
        let generation = GenerationRequest(
            id: request.id, prompt: request.prompt, sampling: request.sampling, maximumTokens: request.maximumTokens,
            stopTokens: stopTokens, ignoresStopTokens: request.ignoresStopTokens, topLogprobs: request.topLogprobs,
            promptLogprobs: request.promptLogprobs, isAdmitted: request.isAdmitted,
            client: request.client)
        box = GenerationBox(try model.generator.generate(generation))
        assembler = TextAssembler(request, model: model, stopTokens: stopTokens)
    }

    /// The events, for the first reader; none for a second.
    public func makeAsyncIterator() -> Iterator {
        Iterator(events: box.take()?.makeAsyncIterator(), assembler: assembler)
    }

    /// Reads the completion.
    public struct Iterator: AsyncIteratorProtocol {
        /// Nil when nothing more comes; letting go of it cancels the generation.
        private var events: GenerationBox.Stream.AsyncIterator?
        private var assembler: TextAssembler
        private var pending: [TextCompletionEvent] = []

        /// What the completion has taken so far, also when it ends early; the prompt counts as a whole once its turn has come.
        public var usage: TokenUsage { assembler.usage }

        init(events: GenerationBox.Stream.AsyncIterator?, assembler: TextAssembler) {
            self.events = events
            self.assembler = assembler
        }

        /// The next event; nil behind `.finished`.
        public mutating func next() async throws -> TextCompletionEvent? {
            while pending.isEmpty {
                guard events != nil else { return nil }
                guard let event = try await events?.next() else { throw CancellationError() }
                pending += assembler.consume(event)
                if assembler.isFinished { events = nil }
            }
            return pending.removeFirst()
        }
    }
}

/// Turns generated tokens into text events.
struct TextAssembler: Sendable {
    private let tokenizer: BytePairTokenizer
    private let promptTokens: Int
    private let stopTokens: Set<Int32>
    private let showsSpecialTokens: Bool
    private var detokenizer: StreamingDetokenizer
    private var gate: ContentGate
    private(set) var usage = TokenUsage.zero
    /// Whether `.finished` was returned.
    private(set) var isFinished = false

    init(_ request: TextCompletionRequest, model: ServedModel, stopTokens: Set<Int32>) {
        tokenizer = model.tokenizer
        promptTokens = request.prompt.count
        self.stopTokens = request.ignoresStopTokens ? [] : stopTokens
        showsSpecialTokens = request.showsSpecialTokens
        detokenizer = StreamingDetokenizer(model.tokenizer)
        gate = ContentGate(stop: request.stop)
    }

    mutating func consume(_ event: GenerationEvent) -> [TextCompletionEvent] {
        switch event {
        case .admitted(let cachedTokens):
            usage = TokenUsage(promptTokens: promptTokens, cachedTokens: cachedTokens)
            return []
        case .promptProgress(let computed, let total): return [.promptProgress(computed: computed, total: total)]
        case .promptLogprobs(let tokens): return [.promptLogprobs(tokens)]
        case .token(let token): return consume(token)
        case .finished(let reason):
            if case .length = reason { return end(.length) }
            return end(.stop)
        }
    }

    private mutating func consume(_ token: SampledToken) -> [TextCompletionEvent] {
        usage.completionTokens += 1
        // Why the stop token is not shown: it says that the text has ended.
        if stopTokens.contains(token.id) { return [] }
        let isHidden = tokenizer.isSpecial(token.id) && !showsSpecialTokens
        let (text, tokens) = gate.append(isHidden ? "" : detokenizer.append(token.id), token: token.logprob)
        let events: [TextCompletionEvent] = text.isEmpty && tokens.isEmpty ? [] : [.text(text, tokens: tokens)]
        return gate.hasMatched ? events + end(.stop) : events
    }

    private mutating func end(_ reason: ConversationSummary.Reason) -> [TextCompletionEvent] {
        isFinished = true
        var events: [TextCompletionEvent] = []
        if !gate.hasMatched {
            let last = gate.append(detokenizer.finish(), token: nil)
            let rest = gate.finish()
            let (text, tokens) = (last.text + rest.text, last.tokens + rest.tokens)
            if !text.isEmpty || !tokens.isEmpty { events.append(.text(text, tokens: tokens)) }
        }
        return events + [.finished(ConversationSummary(reason: reason, usage: usage))]
    }
}
