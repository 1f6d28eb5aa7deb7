import Generation
import OutcropNumerics
import TestSupport
import Testing

@testable import Inference

@Suite(.serialized, .timeLimit(.minutes(5))) struct EngineTests {
    private func withEngine(
        _ options: EngineOptions = EngineOptions(), _ body: (InferenceEngine) async throws -> Void
    ) async throws {
        try await Golden("d1-base").withModel(options) { model in
            let engine = try InferenceEngine(model)
            defer { engine.shutdown() }
            try await body(engine)
        }
    }

    private func request(_ length: Int = 10, _ change: (inout GenerationRequest) -> Void = { _ in })
        -> GenerationRequest
    {
        var request = GenerationRequest(
            id: "test", prompt: (0..<length).map { Int32($0 * 7 % 500) }, maximumTokens: 8)
        change(&request)
        return request
    }

    @Test("what can never run is refused at once")
    func refusals() async throws {
        try await withEngine { engine in
            #expect(throws: GenerationError.self) { try engine.generate(request(0)) }
            #expect(throws: GenerationError.self) { try engine.generate(request { $0.prompt = [512] }) }
            #expect(throws: GenerationError.self) { try engine.generate(request { $0.prompt = [-1] }) }
            #expect(
                throws: GenerationError.contextLengthExceeded(promptTokens: 1020, requestedTokens: 8, limit: 1024)
            ) { try engine.generate(request(1020)) }
            #expect(throws: GenerationError.self) { try engine.generate(request { $0.topLogprobs = 21 }) }
        }
    }

    @Test("a stop token ends the sequence and is delivered; ignoring it goes on")
    func stopTokens() async throws {
        try await withEngine { engine in
            let free = try await engine.tokens(of: request { $0.maximumTokens = 20 })
            let stop = free[5]
            let first = try #require(free.firstIndex(of: stop))
            let stopped = request {
                $0.maximumTokens = 20
                $0.stopTokens = [stop]
            }
            #expect(try await engine.tokens(of: stopped) == Array(free[...first]))
            let ignoring = request {
                $0.maximumTokens = 20
                $0.stopTokens = [stop]
                $0.ignoresStopTokens = true
            }
            #expect(try await engine.tokens(of: ignoring) == free)
        }
    }

    @Test("the context's end is a length finish, without a limit asked for")
    func contextEnd() async throws {
        try await withEngine { engine in
            var reason: FinishReason?
            var count = 0
            for try await event in try engine.generate(request(1000) { $0.maximumTokens = nil }) {
                if case .token = event { count += 1 }
                if case .finished(let end) = event { reason = end }
            }
            #expect(reason == .length)
            #expect(count == 24)
        }
    }

    @Test("a request hears first, and once, that its turn has come")
    func admission() async throws {
        try await withEngine { engine in
            for (length, maximum) in [(1, 1), (1, 8), (100, 8), (100, 0), (100, 8)] {
                var events: [GenerationEvent] = []
                for try await event in try engine.generate(request(length) { $0.maximumTokens = maximum }) {
                    events.append(event)
                }
                let admissions = events.filter { if case .admitted = $0 { true } else { false } }
                #expect(admissions.count == 1 && events.first == admissions.first)
            }
        }
    }

    @Test("log-probabilities of prompt and output agree with the logits")
    func logprobs() async throws {
        try await withEngine(EngineOptions(precision: .f32, stepTokens: 7)) { engine in
            let asked = request(30) {
                $0.promptLogprobs = 2
                $0.topLogprobs = 3
            }
            var prompt: [TokenLogprob?] = []
            var output: [SampledToken] = []
            for try await event in try engine.generate(asked) {
                if case .promptLogprobs(let found) = event { prompt = found }
                if case .token(let token) = event { output.append(token) }
            }
            #expect(prompt.count == 30 && prompt[0] == nil)
            #expect(prompt.dropFirst().enumerated().allSatisfy { $1?.id == asked.prompt[$0 + 1] && $1?.top.count == 2 })
            #expect(output.allSatisfy { $0.logprob?.id == $0.id && $0.logprob?.top.first?.id == $0.id })
            // Feeding the output back as a prompt must give its tokens the same log-probabilities.
            let echoed = request {
                $0.prompt = asked.prompt + output.map(\.id)
                $0.promptLogprobs = 0
                $0.maximumTokens = 0
            }
            var again: [TokenLogprob?] = []
            for try await event in try engine.generate(echoed) {
                if case .promptLogprobs(let found) = event { again = found }
            }
            for (index, token) in output.enumerated() {
                let first = try #require(token.logprob?.logprob)
                let second = try #require(again[30 + index]?.logprob)
                #expect(abs(first - second) < 1e-3)
            }
        }
    }

    @Test("a seed fixes the text whatever else runs")
    func seeds() async throws {
        try await withEngine(EngineOptions(precision: .f32)) { engine in
            let sampled = request {
                $0.sampling = SamplingParameters(temperature: 1, topP: 0.9, seed: 42)
                $0.maximumTokens = 30
            }
            let alone = try await engine.tokens(of: sampled)
            async let other = engine.tokens(of: request(200) { $0.maximumTokens = 60 })
            #expect(try await engine.tokens(of: sampled) == alone)
            _ = try await other
        }
    }

    @Test("a dropped stream frees the sequence and its pages")
    func cancellation() async throws {
        try await withEngine { engine in
            for _ in 0..<5 {
                var seen = 0
                for try await event in try engine.generate(request(100) { $0.maximumTokens = 900 }) {
                    if case .token = event { seen += 1 }
                    if seen == 3 { break }
                }
            }
            let task = Task { try await engine.tokens(of: request(500) { $0.maximumTokens = 500 }) }
            task.cancel()
            _ = try? await task.value
            while engine.load().running + engine.load().waiting > 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(engine.load().pageUsage == 0)
        }
    }

    @Test("with too few pages for all, sequences take turns and all texts come out right")
    func preemption() async throws {
        var expected: [[Int32]] = []
        func requests() -> [GenerationRequest] {
            (0..<6).map { (index: Int) -> GenerationRequest in
                let prompt: [Int32] = (0..<(60 + index * 20)).map { Int32(($0 * 31 + index) % 500) }
                return GenerationRequest(id: "\(index)", prompt: prompt, maximumTokens: 120)
            }
        }
        try await withEngine(EngineOptions(precision: .f32)) { engine in
            for request in requests() { expected.append(try await engine.tokens(of: request)) }
        }
        // Room for the sliding layers and for some 700 tokens of the others, which all together want 1,400.
        let options = EngineOptions(
            precision: .f32, contextLength: 320, keyValueBytes: 4300 << 10, runningSequences: 6)
        try await withEngine(options) { engine in
            let found = try await withThrowingTaskGroup(of: (Int, [Int32]).self) { group in
                for (index, request) in requests().enumerated() {
                    group.addTask { (index, try await engine.tokens(of: request)) }
                }
                var found = [[Int32]](repeating: [], count: 6)
                for try await (index, tokens) in group { found[index] = tokens }
                return found
            }
            #expect(found == expected)
            #expect(engine.load().preemptions > 0)
        }
    }

    @Test("prompt tokens are counted when they are computed, those that were in memory are not")
    func promptCounts() async throws {
        try await withEngine { engine in
            for _ in 0..<2 { _ = try await engine.tokens(of: request(97) { $0.maximumTokens = 1 }) }
            #expect(engine.load().promptTokens == 97 + 1)
            #expect(engine.load().prefixHits == 96)
        }
    }

    @Test("who runs is to be seen while the first step is computed")
    func runningAtOnce() async throws {
        try await withEngine { engine in
            for try await event in try engine.generate(request { $0.maximumTokens = 900 }) {
                guard case .admitted = event else { continue }
                #expect(engine.load().running == 1)
                break
            }
        }
    }

    @Test("a full queue refuses with the time to wait")
    func overload() async throws {
        try await withEngine(EngineOptions(runningSequences: 1, waitingRequests: 1)) { engine in
            let first = try engine.generate(request { $0.maximumTokens = 900 })
            let second = try engine.generate(request { $0.maximumTokens = 900 })
            #expect(throws: GenerationError.overloaded(retryAfterSeconds: 5)) { try engine.generate(request()) }
            _ = (first, second)
        }
    }

    @Test("shutting down ends open requests with an error and refuses new ones")
    func shutdown() async throws {
        try await Golden("d1-base").withModel(EngineOptions()) { model in
            let engine = try InferenceEngine(model)
            let task = Task { try await engine.tokens(of: request { $0.maximumTokens = 1000 }) }
            while engine.load().running == 0 { try await Task.sleep(for: .milliseconds(1)) }
            engine.shutdown()
            await #expect(throws: GenerationError.shuttingDown) { try await task.value }
            #expect(throws: GenerationError.shuttingDown) { try engine.generate(request()) }
        }
    }

    @Test("the benchmark reports every figure of its plan")
    func benchmark() async throws {
        try await withEngine { engine in
            let plan = EngineBenchmark.Plan(
                prompts: [32, 64], conversations: [1, 3], contexts: [48], decodedTokens: 16)
            let counts = Counter()
            try await EngineBenchmark(engine: engine, plan: plan).run { measurement in
                switch measurement {
                case .prefill(_, let rate, _), .decode(_, _, let rate): counts.add(rate > 0 ? 1 : 0)
                }
            }
            #expect(counts.value == 5)
        }
    }
}
