import Generation
import Synchronization

/// A `TokenGenerator` that plays scripts instead of computing: for tests of everything above the seam.
///
/// It keeps the seam's contract: refuses what is too long, stops at stop tokens and at the maximum, ends with `.finished`,
/// and notices when its stream is dropped.
public final class ScriptedGenerator: TokenGenerator {
    /// What one generation does.
    public struct Script: Sendable {
        /// The sampled ids.
        public var ids: [Int32]
        /// Waits for its turn.
        public var queue: Duration
        /// Waits before the first token, as a long prefill does.
        public var prefill: Duration
        /// Waits before the first token until so many generations have run at the same time.
        public var company: Int
        /// Waits before each token.
        public var delay: Duration
        /// Fails after the ids instead of finishing.
        public var failure: GenerationError?
        /// Never ends by itself: repeats the last id.
        public var isEndless: Bool
        /// Prompt tokens reported as cached.
        public var cachedTokens: Int

        /// Ids that come at once unless delays are given.
        public init(
            _ ids: [Int32], queue: Duration = .zero, prefill: Duration = .zero, company: Int = 1,
            delay: Duration = .zero, failure: GenerationError? = nil, isEndless: Bool = false, cachedTokens: Int = 0
        ) {
            self.ids = ids
            self.queue = queue
            self.prefill = prefill
            self.company = company
            self.delay = delay
            self.failure = failure
            self.isEndless = isEndless
            self.cachedTokens = cachedTokens
        }
    }

    private struct State {
        var scripts: [Script] = []
        var requests: [GenerationRequest] = []
        var cancelled: [String] = []
        var running = 0
        var mostRunning = 0
        var refusal: GenerationError?
    }

    /// What this generator claims to take.
    public let limits: GeneratorLimits
    private let state = Mutex(State())

    /// - Parameter scripts: played in order, one per generation; the last is played again and again.
    public init(
        _ scripts: [Script], limits: GeneratorLimits = GeneratorLimits(contextLength: 4096, vocabularySize: 201_088)
    ) {
        self.limits = limits
        state.withLock { $0.scripts = scripts }
    }

    /// The requests so far.
    public var requests: [GenerationRequest] { state.withLock { $0.requests } }
    /// The ids of the requests whose streams were dropped before they ended.
    public var cancelled: [String] { state.withLock { $0.cancelled } }
    /// Generations that have neither ended nor been dropped.
    public var running: Int { state.withLock { $0.running } }

    /// Refuses every request from now on; nil takes them again.
    public func refuse(with error: GenerationError?) { state.withLock { $0.refusal = error } }

    /// Made-up figures, but for the running generations.
    public func load() -> GeneratorLoad {
        GeneratorLoad(
            running: running, waiting: 0, pageUsage: 0.25, promptTokens: 11, generatedTokens: 7, prefixQueries: 20,
            prefixHits: 8)
    }

    /// Plays the next script.
    public func generate(
        _ request: GenerationRequest
    ) throws -> AsyncThrowingStream<GenerationEvent, any Error> {
        try check(request)
        let script = state.withLock { state in
            state.requests.append(request)
            state.running += 1
            state.mostRunning = max(state.mostRunning, state.running)
            return state.scripts.count > 1 ? state.scripts.removeFirst() : state.scripts.first ?? Script([])
        }
        let (stream, continuation) = AsyncThrowingStream<GenerationEvent, any Error>.makeStream()
        let player = Task { await play(script, request, continuation) }
        continuation.onTermination = { [weak self] reason in
            player.cancel()
            self?.state.withLock { state in
                state.running -= 1
                if case .cancelled = reason { state.cancelled.append(request.id) }
            }
        }
        return stream
    }

    private func check(_ request: GenerationRequest) throws {
        if let refusal = state.withLock({ $0.refusal }) { throw refusal }
        let (total, overflow) = request.prompt.count.addingReportingOverflow(request.maximumTokens ?? 1)
        guard !overflow, total <= limits.contextLength else {
            throw GenerationError.contextLengthExceeded(
                promptTokens: request.prompt.count, requestedTokens: request.maximumTokens, limit: limits.contextLength)
        }
    }

    private func play(
        _ script: Script, _ request: GenerationRequest,
        _ continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    ) async {
        if script.queue > .zero { try? await Task.sleep(for: script.queue) }
        continuation.yield(.admitted(cachedTokens: script.cachedTokens))
        continuation.yield(.promptProgress(computed: 0, total: request.prompt.count))
        if script.prefill > .zero { try? await Task.sleep(for: script.prefill) }
        while state.withLock({ $0.mostRunning }) < script.company, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(2))
        }
        if let count = request.promptLogprobs {
            continuation.yield(
                .promptLogprobs(request.prompt.enumerated().map { $0 == 0 ? nil : logprob($1, count) }))
        }
        var reason = FinishReason.length
        var sent = 0
        while sent < request.maximumTokens ?? Int.max, !Task.isCancelled {
            guard let id = sent < script.ids.count ? script.ids[sent] : script.isEndless ? script.ids.last : nil else {
                break
            }
            if script.delay > .zero { try? await Task.sleep(for: script.delay) }
            continuation.yield(.token(SampledToken(id: id, logprob: request.topLogprobs.map { logprob(id, $0) })))
            sent += 1
            if request.stopTokens.contains(id), !request.ignoresStopTokens {
                reason = .stopToken(id)
                break
            }
        }
        if let failure = script.failure { return continuation.finish(throwing: failure) }
        continuation.yield(.finished(reason))
        continuation.finish()
    }

    /// A made-up log-probability: -0.5 for the token itself, -1 and so on for the ids behind it.
    private func logprob(_ id: Int32, _ count: Int) -> TokenLogprob {
        TokenLogprob(
            id: id, logprob: -0.5,
            top: (0..<count).map {
                .init(id: (id + Int32($0)) % Int32(limits.vocabularySize), logprob: -0.5 * Float($0 + 1))
            })
    }
}
