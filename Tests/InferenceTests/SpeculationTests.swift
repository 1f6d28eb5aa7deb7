import Generation
import OutcropNumerics
import Testing

@testable import Inference

@Suite struct PromptLookupTests {
    /// What followed the latest earlier occurrence of the longest run that ends the tokens, by the definition.
    private func expected(_ tokens: [Int32], limit: Int) -> [Int32] {
        for length in [4, 3, 2] where tokens.count > length {
            let tail = tokens.suffix(length)
            guard
                let end = (length - 1..<tokens.count - 1).last(where: {
                    tokens[($0 - length + 1)...$0].elementsEqual(tail)
                })
            else { continue }
            var extended = tokens
            for offset in 0..<limit { extended.append(extended[end + 1 + offset]) }
            return Array(extended.suffix(limit))
        }
        return []
    }

    @Test("drafts follow the latest occurrence of the longest matching run", arguments: 1...6)
    func definition(alphabet: Int) {
        var random = RandomSource(seed: UInt64(alphabet))
        var lookup = PromptLookup()
        var tokens: [Int32] = []
        for _ in 0..<400 {
            // Several tokens at a time, as prompts and accepted drafts come.
            for _ in 0...Int(random.next() % 3) { tokens.append(Int32(random.next() % UInt64(alphabet * alphabet))) }
            let limit = Int(random.next() % 18)
            lookup.propose(after: tokens, limit: limit)
            #expect(lookup.drafts == expected(tokens, limit: min(limit, PromptLookup.mostDrafts)))
        }
    }

    @Test("sampled tokens are compared with the drafts in order, up to the first wrong one")
    func comparison() {
        var lookup = PromptLookup()
        lookup.propose(after: [1, 2, 3, 4, 5, 1, 2], limit: 3)
        lookup.use(2)
        #expect(lookup.drafts == [3, 4, 5])
        let before = lookup.acceptance
        let right = lookup.note(sampled: 3)
        #expect(right && lookup.acceptance > before)
        let wrong = [lookup.note(sampled: 9), lookup.note(sampled: 5)]
        #expect(wrong == [false, false])
        lookup.propose(after: [1, 2, 3, 4, 5, 1, 2, 3, 9], limit: 3)
        // A draft that was not computed teaches, but nothing follows it.
        lookup.propose(after: [1, 2, 3, 4, 5, 1, 2, 3, 9, 1, 2], limit: 3)
        let isComputed = lookup.note(sampled: lookup.drafts[0])
        #expect(!isComputed)
    }
}

@Suite struct DraftPlanTests {
    @Test("drafts are computed where they are likely and wider steps cheap, and nowhere else")
    func choice() {
        func chosen(acceptance: Double, sequences: Int, bytes: (Int) -> Double) -> Int {
            var plan = DraftPlan(mostEqualRows: 32, weightBytes: bytes)
            plan.begin(sequences: sequences)
            return plan.choose(available: 15, acceptance: acceptance)
        }
        // The bytes of the 20b shape, in GB.
        func mixture(_ rows: Int) -> Double {
            var missed = 1.0
            for _ in 0..<rows { missed *= 1 - 4.0 / 32 }
            return 1.3 + 10.2 * (1 - missed)
        }
        #expect(chosen(acceptance: 0.95, sequences: 1, bytes: mixture) > 3)
        #expect(chosen(acceptance: 0.2, sequences: 1, bytes: mixture) == 0)
        #expect(chosen(acceptance: 0.3, sequences: 1) { _ in 1 } > 0)
        #expect(chosen(acceptance: 0.99, sequences: 1) { Double($0) } == 0)
        #expect(chosen(acceptance: 0.99, sequences: 32) { _ in 1 } == 0)
    }

    @Test("what was measured outweighs what was reckoned")
    func measured() {
        var plan = DraftPlan(mostEqualRows: 8) { _ in 1 }
        func note(_ rows: Int, _ seconds: Double) {
            plan.noteDuration(
                of: [Scheduler.Part(number: 0, start: 0, count: rows, drafts: rows - 1)], seconds: seconds)
        }
        func chosen(_ plan: DraftPlan) -> Int {
            var plan = plan
            plan.begin(sequences: 1)
            return plan.choose(available: 7, acceptance: 0.9)
        }
        note(1, 1)
        for rows in 2...8 { note(rows, Double(rows)) }
        #expect(chosen(plan) == 0)
        for _ in 0..<100 { note(4, 1.1) }
        #expect(chosen(plan) == 3)
        // Steps that compute prompts say nothing.
        for _ in 0..<100 { plan.noteDuration(of: [Scheduler.Part(number: 0, start: 0, count: 4)], seconds: 100) }
        #expect(chosen(plan) == 3)
    }
}

/// Speculation changes when tokens come, never which.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SpeculationTests {
    private func events(
        _ requests: [GenerationRequest], _ options: EngineOptions, together: Bool
    ) async throws -> (events: [[GenerationEvent]], load: GeneratorLoad) {
        try await Golden("d1-base").withModel(options) { model in
            let engine = try InferenceEngine(model)
            defer { engine.shutdown() }
            var found: [[GenerationEvent]] = []
            if together {
                let streams = try requests.map { try engine.generate($0) }
                for stream in streams { found.append(try await Self.essence(stream)) }
            } else {
                for request in requests { found.append(try await Self.essence(try engine.generate(request))) }
            }
            return (found, engine.load())
        }
    }

    /// The events but for the progress of prompts, whose chunks depend on time and company.
    private static func essence(_ stream: AsyncThrowingStream<GenerationEvent, any Error>) async throws
        -> [GenerationEvent]
    {
        var events: [GenerationEvent] = []
        for try await event in stream {
            if case .promptProgress = event { continue }
            events.append(event)
        }
        return events
    }

    /// Prompts that repeat themselves, so that there is much to guess, sampled in every way.
    private func requests() -> [GenerationRequest] {
        let ways: [SamplingParameters] = [
            .greedy, SamplingParameters(seed: 1), SamplingParameters(temperature: 0.2, seed: 2),
            SamplingParameters(temperature: 0.5, topP: 0.8, presencePenalty: 0.5, frequencyPenalty: 0.1, seed: 3),
            SamplingParameters(temperature: 0.3, topK: 5, repetitionPenalty: 1.1, seed: 4, minimumTokens: 20),
            SamplingParameters(temperature: 0, logitBias: [7: 30], minimumTokens: 5),
        ]
        return ways.enumerated().map { index, way in
            let period = 5 + 3 * index
            let prompt = (0..<(60 + 20 * index)).map { Int32($0 % period * 31 % 500) }
            var request = GenerationRequest(id: "\(index)", prompt: prompt, sampling: way, maximumTokens: 50)
            request.topLogprobs = index % 2 == 0 ? 2 : nil
            if index > 2 { request.stopTokens = Set((0..<12).map { Int32($0 * 40 + index) }) }
            if index == 5 { request.maximumTokens = nil }
            return request
        }
    }

    @Test(
        "events are the same with and without, alone and together, on every instruction set",
        arguments: KernelSet.available, [Precision.f32, .fast])
    func equality(instructionSet: String, precision: Precision) async throws {
        var options = EngineOptions(
            precision: precision, instructionSet: instructionSet, contextLength: 256, isDeterministic: true,
            speculates: false)
        options.reusesPrefixes = false
        let expected = try await events(requests(), options, together: false)
        #expect(expected.load.draftedTokens == 0)
        options.speculates = true
        options.speculatesEagerly = true
        for together in [false, true] {
            let found = try await events(requests(), options, together: together)
            #expect(found.events == expected.events)
            #expect(found.load.acceptedTokens > 0 && found.load.draftedTokens > found.load.acceptedTokens)
            #expect(found.load.generatedTokens == expected.load.generatedTokens)
        }
    }

    @Test("few pages, small steps and shared prefixes change nothing either")
    func scarcity() async throws {
        var options = EngineOptions(precision: .f32, contextLength: 256, speculates: false)
        let expected = try await events(requests(), options, together: false).events.map(tokens)
        options.speculates = true
        options.speculatesEagerly = true
        options.keyValueBytes = 5 << 20
        options.runningSequences = 4
        options.stepTokens = 24
        let found = try await events(requests() + requests(), options, together: true)
        #expect(found.events.map(tokens) == expected + expected)
        #expect(found.load.acceptedTokens > 0)
    }

    private func tokens(_ events: [GenerationEvent]) -> [Int32] {
        events.compactMap { if case .token(let token) = $0 { token.id } else { nil } }
    }

    @Test("drafts are computed only as far as the form of activations stays the same")
    func equalRows() async throws {
        for set in KernelSet.available {
            try await Golden("d1-base").withModel(EngineOptions(precision: .f32, instructionSet: set)) { model in
                try model.withForwardPass { #expect($0.mostEqualRows(limit: 32) == 32) }
            }
            try await Golden("d1-base").withModel(EngineOptions(instructionSet: set, isDeterministic: true)) { model in
                try model.withForwardPass { #expect($0.mostEqualRows(limit: 32) == 32) }
            }
        }
        // On AVX-512 bf16 weights take f32 activations for less than 4 tokens.
        guard KernelSet.available.contains("avx512") else { return }
        try await Golden("d1-base").withModel(EngineOptions(instructionSet: "avx512")) { model in
            try model.withForwardPass { #expect([3, 32].contains($0.mostEqualRows(limit: 32))) }
        }
    }
}
