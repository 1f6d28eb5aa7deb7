import Generation
import OutcropNumerics

/// Measures an engine as a server would use it: through the same requests, with random tokens so that routing is as bad as
/// it gets.
public struct EngineBenchmark: Sendable {
    /// What to measure.
    public struct Plan: Sendable {
        /// Prompt lengths to prefill.
        public var prompts: [Int]
        /// Numbers of conversations that decode at once.
        public var conversations: [Int]
        /// Tokens that each conversation decodes.
        public var decodedTokens: Int
        /// Prompt of each decoding conversation.
        public var decodePrompt: Int

        /// The plan of `outcrop bench` unless its options say otherwise.
        public init(
            prompts: [Int] = [128, 512, 2048], conversations: [Int] = [1, 4, 8, 16], decodedTokens: Int = 32,
            decodePrompt: Int = 16
        ) {
            self.prompts = prompts
            self.conversations = conversations
            self.decodedTokens = decodedTokens
            self.decodePrompt = decodePrompt
        }

        /// Tokens of the longest prompt or conversation, its answer included.
        public var longestSequence: Int { max((prompts.max() ?? 0) + 1, decodePrompt + decodedTokens) }
    }

    /// One measured figure, reported as soon as it is there.
    public enum Measurement: Sendable {
        /// Prompt tokens per second, and the seconds to the first token.
        case prefill(promptTokens: Int, tokensPerSecond: Double, timeToFirstToken: Double)
        /// Tokens per second of all conversations together.
        case decode(conversations: Int, tokensPerSecond: Double)
    }

    private let engine: any TokenGenerator
    private let plan: Plan

    /// Measures an engine that nothing else uses meanwhile.
    public init(engine: any TokenGenerator, plan: Plan = Plan()) {
        self.engine = engine
        self.plan = plan
    }

    /// Runs the plan.
    public func run(_ report: @Sendable (Measurement) -> Void) async throws {
        // The first touch of every page of the weights belongs to loading.
        _ = try await prefill(64, seed: 0)
        for count in plan.prompts {
            let seconds = try await prefill(count, seed: UInt64(count))
            report(.prefill(promptTokens: count, tokensPerSecond: Double(count) / seconds, timeToFirstToken: seconds))
        }
        for conversations in plan.conversations {
            report(.decode(conversations: conversations, tokensPerSecond: try await decode(conversations)))
        }
    }

    private func prefill(_ count: Int, seed: UInt64) async throws -> Double {
        let start = ContinuousClock.now
        for try await event in try engine.generate(request(prompt: count, output: 1, seed: seed)) {
            if case .token = event { break }
        }
        return (ContinuousClock.now - start).seconds
    }

    /// Rate from the moment that every conversation has its first token to the last token of all.
    private func decode(_ conversations: Int) async throws -> Double {
        let spans = try await withThrowingTaskGroup(
            of: (first: ContinuousClock.Instant, last: ContinuousClock.Instant).self
        ) {
            group in
            for index in 0..<conversations {
                group.addTask {
                    // No two prompts are alike, so that none is in memory.
                    try await decodeOne(seed: UInt64(1000 * conversations + index))
                }
            }
            var spans: [(first: ContinuousClock.Instant, last: ContinuousClock.Instant)] = []
            for try await span in group { spans.append(span) }
            return spans
        }
        guard let first = spans.map(\.first).min(), let last = spans.map(\.last).max() else { return 0 }
        return Double(conversations * (plan.decodedTokens - 1)) / (last - first).seconds
    }

    private func decodeOne(
        seed: UInt64
    ) async throws -> (first: ContinuousClock.Instant, last: ContinuousClock.Instant) {
        var first: ContinuousClock.Instant?
        var last = ContinuousClock.now
        let request = request(prompt: plan.decodePrompt, output: plan.decodedTokens, seed: seed)
        for try await event in try engine.generate(request) {
            guard case .token = event else { continue }
            last = ContinuousClock.now
            first = first ?? last
        }
        return (first ?? last, last)
    }

    private func request(prompt count: Int, output: Int, seed: UInt64) -> GenerationRequest {
        var random = RandomSource(seed: seed)
        let vocabulary = UInt64(engine.limits.vocabularySize)
        let prompt = (0..<count).map { _ in Int32(random.next() % vocabulary) }
        // Sampled, not greedy, so that random weights do not fall into a loop of one token and its experts.
        return GenerationRequest(
            id: "bench", prompt: prompt, sampling: SamplingParameters(temperature: 1, seed: seed),
            maximumTokens: output, ignoresStopTokens: true)
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
