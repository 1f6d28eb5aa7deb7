import Generation
import OutcropNumerics
import Testing

@testable import Inference

/// The ranking against sorting the whole row.
@Suite struct RankingTests {
    private typealias Candidate = TokenDistribution.Candidate
    private typealias Cut = TokenDistribution.Cut

    enum Shape: CaseIterable { case peaked, spread, flat, ties, fewTies, odd, empty }

    private static func fill(_ matrix: FloatMatrix, _ shape: Shape, _ random: inout RandomSource) {
        let odd: [Float] = [.nan, -.infinity, 0, -0.0, -.greatestFiniteMagnitude, .leastNonzeroMagnitude]
        matrix.withMutableRow(0) { row in
            for index in 0..<row.count {
                // Roughly normal.
                let normal = Float((0..<6).reduce(0.0) { sum, _ in sum + random.nextUnit() } - 3)
                row[index] =
                    switch shape {
                    case .peaked: normal * 8
                    case .spread: normal * 3
                    case .flat: normal * 1e-3
                    case .ties: 1.5
                    case .fewTies: (normal * 4).rounded() / 2
                    case .odd: random.nextUnit() < 0.5 ? normal : odd[Int(random.next() % 6)]
                    case .empty: random.nextUnit() < 0.999 ? -.infinity : normal
                    }
            }
        }
    }

    /// Tokens that can be drawn, in order.
    private func sorted(_ matrix: FloatMatrix) -> [Candidate] {
        matrix.array(row: 0).enumerated().filter { $1 >= -.greatestFiniteMagnitude }
            .map { Candidate(id: Int32($0), logit: $1) }.sorted { $0.precedes($1) }
    }

    /// What top-k, top-p and min-p keep, by the definition.
    private func kept(_ all: [Candidate], _ parameters: SamplingParameters, mass factor: Double) -> ArraySlice<
        Candidate
    > {
        let maximum = all[0].logit
        func weight(_ candidate: Candidate) -> Double {
            exponential(Double(candidate.logit - maximum) / Double(parameters.temperature))
        }
        var kept = all[...]
        if parameters.topK > 0 { kept = kept.prefix(parameters.topK) }
        if parameters.topP < 1 {
            let mass = kept.reduce(0) { $0 + weight($1) }
            var sum = 0.0
            let end = kept.firstIndex {
                sum += weight($0)
                return sum >= Double(parameters.topP) * mass * factor
            }
            kept = kept[...(end ?? kept.endIndex - 1)]
        }
        if parameters.minP > 0 { kept = kept.prefix { weight($0) >= Double(parameters.minP) * factor } }
        return kept
    }

    @Test("the best tokens are those of a sorted row", arguments: KernelSet.available, Shape.allCases)
    func best(instructionSet: String, shape: Shape) throws {
        let kernels = try KernelSet(named: instructionSet)
        let matrix = try FloatMatrix(rows: 1, columns: 6_007)
        let ranking = TokenRanking(logits: matrix, kernels: kernels)
        var random = RandomSource(seed: 1)
        Self.fill(matrix, shape, &random)
        let all = sorted(matrix)
        for count in [0, 1, 2, 20, 1000, TokenRanking.capacity] {
            ranking.begin(TokenDistribution(matrix, row: 0, temperature: 0.5, kernels: kernels))
            #expect(Array(ranking.best(count)) == Array(all.prefix(count)), "\(count)")
        }
    }

    @Test(
        "draws come from what the filters keep of a sorted row",
        arguments: KernelSet.available, Shape.allCases)
    func draws(instructionSet: String, shape: Shape) throws {
        let kernels = try KernelSet(named: instructionSet)
        let matrix = try FloatMatrix(rows: 1, columns: 6_007)
        let workspace = SamplingWorkspace(logits: matrix, kernels: kernels)
        var random = RandomSource(seed: 2)
        for round in 0..<14 {
            Self.fill(matrix, shape, &random)
            let all = sorted(matrix)
            var parameters = SamplingParameters(temperature: [0.3, 1, 2][round % 3], seed: random.next())
            if round % 2 == 0 { parameters.topK = [3, 50, 4000, 5000, 30_000][Int(random.next() % 5)] }
            if round % 5 < 3 { parameters.topP = [0.05, 0.5, 0.9, 0.999][Int(random.next() % 4)] }
            if round % 7 == 0 { parameters.minP = [0.01, 0.5][Int(random.next() % 2)] }
            var sampler = Sampler(parameters, prompt: [1], stopTokens: [])
            let token = sampler.sample(matrix, row: 0, in: workspace)
            // Sums of floats may end one cut a little earlier or later than sums of doubles do.
            let most = kept(all, parameters, mass: 1 + 1e-5).map(\.id)
            #expect(most.contains(token), "round \(round): \(parameters)")
        }
    }

    @Test("draws follow the weights where there are more tokens than can be ranked", arguments: KernelSet.available)
    func proportions(instructionSet: String) throws {
        let kernels = try KernelSet(named: instructionSet)
        let count = 4 * TokenRanking.capacity
        let matrix = try FloatMatrix(rows: 1, columns: count)
        // Odd tokens are three times as likely as even ones.
        matrix.withMutableRow(0) { row in
            for index in 0..<count where index % 2 == 1 { row[index] = Float(naturalLogarithm(3)) }
        }
        let ranking = TokenRanking(logits: matrix, kernels: kernels)
        ranking.begin(TokenDistribution(matrix, row: 0, temperature: 1, kernels: kernels))
        func draws(_ cut: TokenDistribution.Cut) -> [Int32] {
            (0..<251).map { ranking.draw(cut, unit: (Double($0) + 0.5) / 251) }
        }
        #expect(abs(draws(.none).count { $0 % 2 == 1 } - 188) <= 5)
        // Three quarters are the odd ones; what is beyond them comes from the first even ones.
        let half = ranking.cut(mass: 0.5 * ranking.totalMass())
        #expect(draws(half).allSatisfy { $0 % 2 == 1 && $0 < count * 2 / 3 + 8 })
        let most = draws(ranking.cut(mass: 0.875 * ranking.totalMass()))
        #expect(abs(most.count { $0 % 2 == 0 } - 36) <= 5)
        #expect(most.allSatisfy { $0 % 2 == 1 || $0 < count / 2 + 8 })
        // The k most likely, for a k beyond what is ranked.
        let tokens = Set(draws(ranking.cut(count: count / 2 + 2)).filter { $0 % 2 == 0 })
        #expect(tokens.isSubset(of: [0, 2]))
    }
}
