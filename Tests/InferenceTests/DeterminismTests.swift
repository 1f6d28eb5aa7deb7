import Generation
import ModelLibrary
import OutcropNumerics
import Testing

@testable import Inference

/// The same request gives the same bits, whatever else runs.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DeterminismTests {
    private static let request = GenerationRequest(
        id: "this", prompt: (0..<70).map { Int32($0 * 37 % 500) },
        sampling: SamplingParameters(temperature: 1, topP: 0.95, seed: 9), maximumTokens: 24, topLogprobs: 3)

    private func generate(_ options: EngineOptions, dense: DenseFormat, others: Int) async throws -> [SampledToken] {
        var options = options
        options.isDeterministic = true
        return try await Golden("d1-base").withModel(options, dense: dense) { model in
            let engine = try InferenceEngine(model)
            defer { engine.shutdown() }
            let company = try (0..<others).map { index in
                let prompt = (0..<(30 * index + 5)).map { Int32(($0 * 11 + index) % 500) }
                return try engine.generate(
                    GenerationRequest(
                        id: "\(index)", prompt: prompt, sampling: SamplingParameters(seed: UInt64(index)),
                        maximumTokens: 40))
            }
            var tokens: [SampledToken] = []
            for try await event in try engine.generate(Self.request) {
                if case .token(let token) = event { tokens.append(token) }
            }
            _ = company
            return tokens
        }
    }

    @Test(
        "company, chunks, threads and speculation change neither tokens nor log-probabilities",
        arguments: KernelSet.available, [DenseFormat.int8, .bf16])
    func invariance(instructionSet: String, dense: DenseFormat) async throws {
        for precision in [Precision.f32, .fast] {
            let options = EngineOptions(precision: precision, instructionSet: instructionSet)
            let alone = try await generate(options, dense: dense, others: 0)
            #expect(alone.count == 24)
            for (chunk, threads, others) in [(512, 2, 6), (7, 1, 3), (33, 3, 1)] {
                var options = options
                options.stepTokens = chunk
                options.threads = threads
                options.speculatesEagerly = chunk == 512
                let found = try await generate(options, dense: dense, others: others)
                #expect(found == alone, "\(precision), chunks of \(chunk), \(threads) threads, \(others) others")
            }
        }
    }
}
