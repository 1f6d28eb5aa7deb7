import Dispatch
import Generation
import OutcropNumerics

/// The in-process engine: a `TokenGenerator` that computes on its own threads.
///
/// Requests go in through a mailbox and tokens come out through async streams; nothing here blocks Swift concurrency's
/// threads.
public final class InferenceEngine: TokenGenerator {
    /// The context length in force, vocabulary and most log-probabilities per token.
    public let limits: GeneratorLimits
    private let mailbox: EngineMailbox
    private let counters: EngineCounters
    private let ended = DispatchSemaphore(value: 0)

    /// Makes the buffers for a model and starts the engine's thread.
    /// - Throws: `NumericsError.outOfMemory` if the system refuses the memory.
    public init(_ model: LoadedModel) throws {
        let contextLength = model.contextLength
        limits = GeneratorLimits(contextLength: contextLength, vocabularySize: model.vocabularySize)
        let mailbox = EngineMailbox(
            capacity: model.schedulerLimits.runningSequences + model.schedulerLimits.waitingRequests)
        let counters = EngineCounters(contextLength: contextLength)
        self.mailbox = mailbox
        self.counters = counters
        var made: GPTOSSModel? = try model.makeForwardPass()
        startThread { [ended] in
            // The buffers are gone before the end is told: whoever waits for it may want their memory.
            if let forwardPass = made.take() {
                model.asFirstThread {
                    EngineLoop(
                        model: forwardPass, limits: model.schedulerLimits, mailbox: mailbox, counters: counters,
                        prefixFile: model.prefixFile, drafts: model.draftPlan(forwardPass)
                    ).run()
                }
            }
            ended.signal()
        }
    }

    /// Queues a request; its events come as the engine's thread computes them.
    ///
    /// - Throws: ``GenerationError`` if the request can never run, the queue is full or the engine stops.
    public func generate(
        _ request: GenerationRequest
    ) throws -> AsyncThrowingStream<GenerationEvent, any Error> {
        try validate(request)
        let (stream, continuation) = AsyncThrowingStream<GenerationEvent, any Error>.makeStream()
        let number = try mailbox.send(request, continuation)
        continuation.onTermination = { [mailbox] reason in
            if case .cancelled = reason { mailbox.cancel(number) }
        }
        return stream
    }

    /// What it does right now, or did at the end of the latest step.
    public func load() -> GeneratorLoad { counters.load }

    /// Ends every request with `GenerationError.shuttingDown`, ends the threads and waits for them. Blocks for at most one
    /// step, and while the prefix cache is written if it is to be kept.
    public func shutdown() {
        mailbox.close()
        ended.wait()
        ended.signal()
    }

    private func validate(_ request: GenerationRequest) throws(GenerationError) {
        guard !request.prompt.isEmpty else { throw .invalidRequest("the prompt must have at least one token") }
        if let bad = request.prompt.first(where: { $0 < 0 || Int($0) >= limits.vocabularySize }) {
            throw .invalidRequest("token id \(bad) is outside 0..<\(limits.vocabularySize)")
        }
        let room = limits.contextLength - request.prompt.count
        let wanted = request.maximumTokens
        guard room >= max(wanted ?? 1, 0), (wanted ?? 1) >= 0 else {
            throw .contextLengthExceeded(
                promptTokens: request.prompt.count, requestedTokens: wanted, limit: limits.contextLength)
        }
        let top = max(request.topLogprobs ?? 0, request.promptLogprobs ?? 0)
        guard top <= limits.maximumTopLogprobs else {
            throw .invalidRequest("at most \(limits.maximumTopLogprobs) log-probabilities per token, not \(top)")
        }
    }
}
