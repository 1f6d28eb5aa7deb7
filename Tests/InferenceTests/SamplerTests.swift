import Generation
import OutcropNumerics
import Testing

@testable import Inference

@Suite struct SamplerTests {
    private let workspace: SamplingWorkspace

    init() throws {
        workspace = SamplingWorkspace(logits: try FloatMatrix(rows: 1, columns: 1000), kernels: try KernelSet())
    }

    /// A row of logits: the logarithms of some probabilities, and -30 everywhere else.
    private func logits(_ probabilities: [Int: Float], count: Int = 1000) throws -> FloatMatrix {
        let matrix = try FloatMatrix(rows: 1, columns: count)
        matrix.withMutableRow(0) { row in
            for index in 0..<count {
                row[index] = probabilities[index].map { Float(naturalLogarithm(Double($0))) } ?? -30
            }
        }
        return matrix
    }

    private func draws(
        _ parameters: SamplingParameters, _ probabilities: [Int: Float], count: Int = 4000, seed: UInt64 = 5
    ) throws -> [Int32: Int] {
        var counts: [Int32: Int] = [:]
        var parameters = parameters
        for draw in 0..<count {
            parameters.seed = seed &+ UInt64(draw) &* 7919
            var sampler = Sampler(parameters, prompt: [1], stopTokens: [])
            counts[sampler.sample(try logits(probabilities), row: 0, in: workspace), default: 0] += 1
        }
        return counts
    }

    private let skewed: [Int: Float] = [3: 0.5, 10: 0.3, 500: 0.15, 999: 0.05]

    @Test("greedy takes the largest logit, the lowest index on ties")
    func greedy() throws {
        var sampler = Sampler(.greedy, prompt: [1], stopTokens: [])
        #expect(sampler.sample(try logits(skewed), row: 0, in: workspace) == 3)
        #expect(sampler.sample(try logits([8: 0.4, 4: 0.4]), row: 0, in: workspace) == 4)
    }

    @Test("draws follow the probabilities")
    func distribution() throws {
        let counts = try draws(SamplingParameters(), skewed)
        for (token, probability) in skewed {
            let share = Float(counts[Int32(token)] ?? 0) / 4000
            #expect(abs(share - probability) < 0.03, "token \(token): \(share) of \(probability)")
        }
    }

    @Test("temperature sharpens the distribution")
    func temperature() throws {
        let counts = try draws(SamplingParameters(temperature: 0.5), skewed)
        let squares = skewed.mapValues { $0 * $0 }
        let sum = squares.values.reduce(0, +)
        for (token, square) in squares {
            #expect(abs(Float(counts[Int32(token)] ?? 0) / 4000 - square / sum) < 0.03)
        }
    }

    @Test(
        "a temperature so small that its inverse overflows is greedy",
        arguments: [
            Float.leastNonzeroMagnitude, .leastNormalMagnitude / 4, .leastNormalMagnitude / 2, .leastNormalMagnitude,
            1e-30,
        ])
    func smallTemperature(temperature: Float) throws {
        let parameters = SamplingParameters(temperature: temperature)
        #expect(try draws(parameters, skewed, count: 50) == [3: 50])
    }

    @Test("top-k, top-p and min-p keep exactly the tokens they should")
    func filters() throws {
        #expect(Set(try draws(SamplingParameters(topK: 2), skewed).keys) == [3, 10])
        #expect(Set(try draws(SamplingParameters(topP: 0.79), skewed).keys) == [3, 10])
        #expect(Set(try draws(SamplingParameters(topP: 0.81), skewed).keys) == [3, 10, 500])
        #expect(Set(try draws(SamplingParameters(topP: 0.0001), skewed).keys) == [3])
        #expect(Set(try draws(SamplingParameters(minP: 0.2), skewed).keys) == [3, 10, 500])
        // After top-k the mass is renormalised: 0.5 of 0.8 does not reach 0.7, with 0.3 it does.
        #expect(Set(try draws(SamplingParameters(topP: 0.7, topK: 2), skewed).keys) == [3, 10])
    }

    @Test("top-p on a flat distribution looks beyond the likeliest tokens")
    func flat() throws {
        let matrix = try FloatMatrix(rows: 1, columns: 50_000)
        let workspace = SamplingWorkspace(logits: matrix, kernels: try KernelSet())
        var sampler = Sampler(SamplingParameters(topP: 0.5, seed: 3), prompt: [1], stopTokens: [])
        let token = sampler.sample(matrix, row: 0, in: workspace)
        #expect(token >= 0 && token < 25_001)
    }

    @Test("a seed fixes the draw, and different seeds differ")
    func seeds() throws {
        func text(_ seed: UInt64) throws -> [Int32] {
            var sampler = Sampler(SamplingParameters(seed: seed), prompt: [1], stopTokens: [])
            return try (0..<40).map { _ in sampler.sample(try logits(skewed), row: 0, in: workspace) }
        }
        #expect(try text(1) == text(1))
        #expect(try text(1) != text(2))
    }

    @Test("bias, presence, frequency and repetition penalties change the choice")
    func penalties() throws {
        var biased = Sampler(
            SamplingParameters(temperature: 0, logitBias: [999: 20]), prompt: [1], stopTokens: [])
        #expect(biased.sample(try logits(skewed), row: 0, in: workspace) == 999)
        var presence = Sampler(SamplingParameters(temperature: 0, presencePenalty: 2), prompt: [1], stopTokens: [])
        #expect(
            try (0..<3).map { _ in presence.sample(try logits(skewed), row: 0, in: workspace) } == [3, 10, 500])
        var frequency = Sampler(
            SamplingParameters(temperature: 0, frequencyPenalty: 0.4), prompt: [1], stopTokens: [])
        // ln 0.5 - 0.4 n against ln 0.3 = -1.2: 3 twice (-0.69, -1.09), then 10.
        #expect(
            try (0..<3).map { _ in frequency.sample(try logits(skewed), row: 0, in: workspace) } == [3, 3, 10])
        var repetition = Sampler(
            SamplingParameters(temperature: 0, repetitionPenalty: 4), prompt: [3], stopTokens: [])
        #expect(repetition.sample(try logits(skewed), row: 0, in: workspace) == 10)
    }

    @Test("stop tokens cannot come before the minimum number of tokens")
    func minimumTokens() throws {
        var sampler = Sampler(
            SamplingParameters(temperature: 0, minimumTokens: 2), prompt: [1], stopTokens: [3])
        #expect(
            try (0..<3).map { _ in sampler.sample(try logits(skewed), row: 0, in: workspace) } == [10, 10, 3])
    }

    @Test("infinite and undefined logits do not crash the draw")
    func oddLogits() throws {
        for odd in [Float.nan, .infinity, -.infinity] {
            let matrix = try FloatMatrix(rows: 1, columns: 100)
            matrix.withMutableRow(0) { row in for index in 0..<100 { row[index] = odd } }
            var sampler = Sampler(SamplingParameters(topP: 0.9, seed: 1), prompt: [1], stopTokens: [])
            let token = sampler.sample(matrix, row: 0, in: workspace)
            #expect(token >= 0 && token < 100)
        }
    }

    @Test("log-probabilities are those of the softmax, the best first")
    func logprobs() throws {
        let result = Logprobs.compute(try logits(skewed), row: 0, token: 500, top: 3, in: workspace)
        #expect(abs(result.logprob - Float(naturalLogarithm(0.15))) < 1e-4)
        #expect(result.top.map(\.id) == [3, 10, 500])
    }
}
