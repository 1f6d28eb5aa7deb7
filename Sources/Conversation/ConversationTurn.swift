import Generation
import Harmony

/// The assistant's turn as it is generated: a sequence of events that can be read once.
///
/// Dropping the sequence, or cancelling the task that reads it, cancels the generation. What the model writes never makes it
/// throw; what throws is the generator.
public struct ConversationTurn: AsyncSequence, Sendable {
    /// Tokens of the prompt.
    public let promptTokens: Int
    private let box: GenerationBox
    private let generator: any TokenGenerator
    private let request: GenerationRequest
    private let memory: TurnMemory
    private let assembler: TurnAssembler

    init(
        generator: any TokenGenerator, request: GenerationRequest, assembler: TurnAssembler, memory: TurnMemory
    ) throws {
        box = GenerationBox(try generator.generate(request))
        promptTokens = request.prompt.count
        self.generator = generator
        self.request = request
        self.memory = memory
        self.assembler = assembler
    }

    /// The events, for the first reader; none for a second.
    public func makeAsyncIterator() -> Iterator {
        Iterator(
            events: box.take()?.makeAsyncIterator(), generator: generator, request: request, memory: memory,
            assembler: assembler)
    }

    /// Reads the turn.
    public struct Iterator: AsyncIteratorProtocol {
        /// Nil when nothing more comes; letting go of it cancels the generation.
        private var events: GenerationBox.Stream.AsyncIterator?
        private let generator: any TokenGenerator
        private let request: GenerationRequest
        private let memory: TurnMemory
        private var assembler: TurnAssembler
        private var pending: [ConversationEvent] = []
        private var isForced = false
        /// What the turn has taken so far, also when it ends early; the prompt counts as a whole once its turn has come.
        public private(set) var usage = TokenUsage.zero

        init(
            events: GenerationBox.Stream.AsyncIterator?, generator: any TokenGenerator, request: GenerationRequest,
            memory: TurnMemory, assembler: TurnAssembler
        ) {
            self.events = events
            self.generator = generator
            self.request = request
            self.memory = memory
            self.assembler = assembler
        }

        /// The next event; nil behind `.finished`.
        public mutating func next() async throws -> ConversationEvent? {
            while pending.isEmpty {
                guard events != nil else { return nil }
                guard let event = try await events?.next() else { throw CancellationError() }
                handle(event)
            }
            return pending.removeFirst()
        }

        private mutating func handle(_ event: GenerationEvent) {
            switch event {
            case .admitted(let cachedTokens):
                if !isForced { usage = TokenUsage(promptTokens: request.prompt.count, cachedTokens: cachedTokens) }
            case .promptProgress(let computed, let total):
                if !isForced { pending.append(.promptProgress(computed: computed, total: total)) }
            case .promptLogprobs: break
            case .token(let token):
                pending += assembler.consume(token)
                usage.completionTokens += 1
                usage.reasoningTokens = assembler.reasoningTokens
                if assembler.hasMatchedStop {
                    end(.stop)
                } else if assembler.isAbandoned, !request.ignoresStopTokens {
                    if !goOnWithFinalMessage() { end(.stop) }
                }
            case .finished(let reason):
                if case .length = reason { return end(.length) }
                if !goOnWithFinalMessage() { end(.stop) }
            }
        }

        private mutating func end(_ reason: ConversationSummary.Reason) {
            events = nil
            pending += assembler.finish()
            if reason == .stop, !assembler.hasMatchedStop, let turn = assembler.remembered {
                memory.remember(turn)
            }
            pending.append(
                .finished(
                    ConversationSummary(
                        reason: reason == .stop && assembler.hasCalls ? .toolCalls : reason,
                        isCutByStopText: assembler.hasMatchedStop, usage: usage,
                        repairs: assembler.repairs)))
        }

        /// If the model ended its turn behind its reasoning, lets it write the answer that is missing, once.
        ///
        /// - Returns: whether it goes on.
        private mutating func goOnWithFinalMessage() -> Bool {
            var rest = request
            rest.maximumTokens = request.maximumTokens.map { $0 - assembler.sampled.count }
            guard assembler.isEmpty, !isForced, !request.ignoresStopTokens, rest.maximumTokens.map({ $0 > 0 }) ?? true
            else { return false }
            pending += assembler.finish()
            rest.isAdmitted = true
            rest.prompt = request.prompt + assembler.forceFinalMessage()
            // Why errors end the turn instead of failing it: what was generated so far is worth keeping.
            guard let stream = try? generator.generate(rest) else { return false }
            isForced = true
            events = stream.makeAsyncIterator()
            return true
        }
    }
}
