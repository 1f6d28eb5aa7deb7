import Generation
import ModelLibrary
import OutcropNumerics
import TestSupport
import Testing

@testable import Inference

/// With the prefix cache the engine's answers are, bit for bit, what they are without it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PrefixReuseTests {
    /// What a request yields that depends on the numbers computed.
    private struct Outcome: Equatable, Sendable {
        var tokens: [SampledToken] = []
        var promptLogprobs: [TokenLogprob?] = []
    }

    private func text(_ count: Int, seed: UInt64) -> [Int32] {
        var random = RandomSource(seed: seed)
        return (0..<count).map { _ in Int32(random.next() % 500) }
    }

    private func request(_ prompt: [Int32], output: Int = 2) -> GenerationRequest {
        GenerationRequest(id: "test", prompt: prompt, maximumTokens: output, topLogprobs: 20)
    }

    private func run(_ engine: InferenceEngine, _ request: GenerationRequest) async throws -> (Outcome, cached: Int) {
        var outcome = Outcome()
        var cached = -1
        for try await event in try engine.generate(request) {
            switch event {
            case .token(let token): outcome.tokens.append(token)
            case .promptLogprobs(let found): outcome.promptLogprobs = found
            case .admitted(let count): cached = count
            case .promptProgress, .finished: break
            }
        }
        return (outcome, cached)
    }

    /// In the fast precision, a kernel set and a format of the dense weights with which products do not depend on how many
    /// tokens there are: elsewhere, chunks of another size round differently.
    private func withEngines(
        _ options: EngineOptions, _ body: (_ cold: InferenceEngine, _ warm: InferenceEngine) async throws -> Void
    ) async throws {
        var options = options
        if options.precision == .fast { options.instructionSet = KernelSet.available.last { $0 != "amx" } }
        var coldOptions = options
        coldOptions.reusesPrefixes = false
        coldOptions.keyValueBytes = nil
        coldOptions.contextLength = nil
        try await Golden("d1-base").withModel(coldOptions, dense: .int8) { coldModel in
            try await Golden("d1-base").withModel(options, dense: .int8) { warmModel in
                let (cold, warm) = try (InferenceEngine(coldModel), InferenceEngine(warmModel))
                defer {
                    cold.shutdown()
                    warm.shutdown()
                }
                try await body(cold, warm)
            }
        }
    }

    @Test("a prefix of any length, cold and warm", arguments: [Precision.f32, .fast])
    func cuts(precision: Precision) async throws {
        try await withEngines(EngineOptions(precision: precision)) { cold, warm in
            let base = text(200, seed: 1)
            _ = try await run(warm, request(base))
            // Every place around the borders of pages, the window's among them, and some between.
            for cut in 1...200 where cut < 3 || (cut + 2) % 32 < 5 || cut % 11 == 0 {
                // The same up to the cut, then something else: the first blocks are taken from memory.
                let prompt = Array(base[..<cut]) + text(3, seed: UInt64(cut))
                let (expected, none) = try await run(cold, request(prompt))
                let (found, cached) = try await run(warm, request(prompt))
                #expect(found == expected, "after \(cut) tokens")
                #expect(none == 0 && cached >= cut / 32 * 32, "after \(cut) tokens")
            }
        }
    }

    @Test("a conversation of several turns, its own answers included", arguments: [Precision.f32, .fast])
    func turns(precision: Precision) async throws {
        try await withEngines(EngineOptions(precision: precision, stepTokens: 48)) { cold, warm in
            var prompt = text(150, seed: 3)
            for turn in 0..<6 {
                let (expected, _) = try await run(cold, request(prompt, output: 40))
                let (found, cached) = try await run(warm, request(prompt, output: 40))
                #expect(found == expected, "turn \(turn)")
                #expect(turn == 0 || cached >= (prompt.count - 20) / 32 * 32)
                prompt += expected.tokens.map(\.id) + text(20, seed: UInt64(turn + 50))
            }
        }
    }

    @Test("log-probabilities of the prompt are computed, not remembered")
    func promptLogprobs() async throws {
        try await withEngines(EngineOptions(precision: .f32)) { cold, warm in
            var asked = request(text(150, seed: 4))
            let (expected, _) = try await run(cold, asked)
            let (again, _) = try await run(warm, asked)
            #expect(again == expected)
            asked.promptLogprobs = 3
            let (scored, _) = try await run(cold, asked)
            let (found, cached) = try await run(warm, asked)
            #expect(found == scored && found.promptLogprobs.count == 150 && cached == 0)
        }
    }

    @Test("a request whose prompt alone is wanted, twice")
    func promptOnly() async throws {
        try await withEngines(EngineOptions()) { _, warm in
            let asked = request(text(100, seed: 5), output: 0)
            let first = try await run(warm, asked).cached
            let second = try await run(warm, asked).cached
            #expect(first == 0 && second == 96)
            while warm.load().prefixQueries < 200 { try await Task.sleep(for: .milliseconds(1)) }
            #expect(warm.load().prefixHits == 96)
        }
    }

    @Test(
        "random conversations under few pages, with evictions, preemptions and cancellations",
        arguments: [Precision.f32, .fast])
    func interleavings(precision: Precision) async throws {
        // Room for the sliding layers and for little more than one conversation.
        let options = EngineOptions(
            precision: precision, contextLength: 448, keyValueBytes: precision == .f32 ? 6 << 20 : 3 << 20,
            stepTokens: 64, runningSequences: 5)
        try await withEngines(options) { cold, warm in
            var random = RandomSource(seed: 7)
            let systems = [text(70, seed: 8), text(130, seed: 9)]
            var prompts: [[Int32]] = []
            for index in 0..<30 {
                let system = systems[Int(random.next() % 2)]
                let own = text(1 + Int(random.next() % 220), seed: UInt64(index % 12))
                prompts.append(system.prefix(1 + Int(random.next() % 130)) + own)
            }
            var expected: [Outcome] = []
            for prompt in prompts { expected.append(try await run(cold, request(prompt, output: 30)).0) }
            try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
                for (index, prompt) in prompts.enumerated() {
                    group.addTask {
                        if index % 5 == 0 {
                            for try await event in try warm.generate(request(prompt)) {
                                if case .promptProgress = event { break }
                            }
                        }
                        return (index, try await run(warm, request(prompt, output: 30)).0)
                    }
                }
                for try await (index, found) in group { #expect(found == expected[index], "request \(index)") }
            }
            while warm.load().running + warm.load().waiting > 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(warm.load().pageUsage == 0 && warm.load().prefixHits > 0)
        }
    }
}
