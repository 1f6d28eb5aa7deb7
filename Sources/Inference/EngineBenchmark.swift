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
        /// Tokens before them: what one conversation is measured at.
        public var contexts: [Int]

        /// The prompt of a conversation whose context does not matter.
        static let shortPrompt = 16

        /// The plan of `outcrop bench` unless its options say otherwise.
        public init(
            prompts: [Int] = [128, 512, 2048], conversations: [Int] = [1, 4, 8, 16], contexts: [Int] = [],
            decodedTokens: Int = 64
        ) {
            self.prompts = prompts
            self.conversations = conversations
            self.decodedTokens = decodedTokens
            self.contexts = contexts
        }

        /// Tokens of the longest prompt or conversation, its answer included.
        public var longestSequence: Int {
            max((prompts.max() ?? 0) + 1, (contexts.max() ?? 0) + decodedTokens, Plan.shortPrompt + decodedTokens)
        }
    }

    /// One measured figure, reported as soon as it is there.
    public enum Measurement: Sendable {
        /// Prompt tokens per second, and the seconds to the first token.
        case prefill(promptTokens: Int, tokensPerSecond: Double, timeToFirstToken: Double)
        /// Tokens per second of all conversations together, each with a prompt of `context` tokens behind it (0: a short one).
        case decode(conversations: Int, context: Int, tokensPerSecond: Double)
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
            let rate = try await decode(conversations, context: 0)
            report(.decode(conversations: conversations, context: 0, tokensPerSecond: rate))
        }
        for context in plan.contexts {
            let rate = try await decode(1, context: context)
            report(.decode(conversations: 1, context: context, tokensPerSecond: rate))
        }
    }

    private func prefill(_ count: Int, seed: UInt64) async throws -> Double {
        let start = ContinuousClock.now
        for try await event in try engine.generate(request(prompt: count, output: 1, seed: seed)) {
            if case .token = event { break }
        }
        return (ContinuousClock.now - start).seconds
    }

    /// Rate while every conversation decodes: from the moment that the last one has its first token to the moment that the
    /// first one ends.
    private func decode(_ conversations: Int, context: Int) async throws -> Double {
        let times = try await withThrowingTaskGroup(of: [ContinuousClock.Instant].self) { group in
            for index in 0..<conversations {
                // No two prompts begin alike, so that none is in memory.
                let seed = UInt64((context * 1000 + conversations) * 1000 + index)
                group.addTask { try await decodeOne(context: context, seed: seed) }
            }
            var times: [[ContinuousClock.Instant]] = []
            for try await one in group { times.append(one) }
            return times
        }
        let (firsts, lasts) = (times.compactMap(\.first), times.compactMap(\.last))
        guard var first = firsts.max(), var last = lasts.min() else { return 0 }
        if first >= last {
            // So few tokens that one conversation ended before another began.
            (first, last) = (firsts.min() ?? first, lasts.max() ?? last)
        }
        let tokens = times.reduce(0) { sum, one in sum + one.count { $0 > first && $0 <= last } }
        return Double(tokens) / (last - first).seconds
    }

    /// When each token of a conversation came.
    private func decodeOne(context: Int, seed: UInt64) async throws -> [ContinuousClock.Instant] {
        var times: [ContinuousClock.Instant] = []
        let request = request(prompt: max(context, Plan.shortPrompt), output: plan.decodedTokens, seed: seed)
        for try await event in try engine.generate(request) {
            if case .token = event { times.append(ContinuousClock.now) }
        }
        return times
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
