import Generation
import OutcropNumerics

/// Chooses one sequence's tokens from its logits.
struct Sampler {
    private let parameters: SamplingParameters
    private let stopTokens: Set<Int32>
    private var random: RandomSource
    /// Occurrences in the output, kept only when a penalty asks for them.
    private var outputCounts: [Int32: Int] = [:]
    private let isPenalising: Bool
    /// Tokens of the prompt, kept only when a repetition penalty asks for them.
    private let promptTokens: Set<Int32>
    private var generated = 0

    init(_ parameters: SamplingParameters, prompt: [Int32], stopTokens: Set<Int32>) {
        self.parameters = parameters
        self.stopTokens = stopTokens
        random = RandomSource(seed: parameters.seed ?? UInt64.random(in: .min ... .max))
        isPenalising =
            parameters.repetitionPenalty != 1 || parameters.presencePenalty != 0 || parameters.frequencyPenalty != 0
        promptTokens = parameters.repetitionPenalty == 1 ? [] : Set(prompt)
    }

    /// Draws the next token from a row of logits, which is the same afterwards.
    mutating func sample(_ logits: FloatMatrix, row: Int, in workspace: SamplingWorkspace) -> Int32 {
        adjust(logits, row: row, in: workspace)
        let token = choose(logits, row: row, in: workspace)
        workspace.restore(logits, row: row)
        generated += 1
        if isPenalising { outputCounts[token, default: 0] += 1 }
        return token
    }

    private func adjust(_ logits: FloatMatrix, row: Int, in workspace: SamplingWorkspace) {
        func change(_ token: Int32, _ body: (Float) -> Float) {
            workspace.change(token, logits, row: row, body)
        }
        if parameters.repetitionPenalty != 1 {
            func penalise(_ token: Int32) {
                change(token) { $0 > 0 ? $0 / parameters.repetitionPenalty : $0 * parameters.repetitionPenalty }
            }
            for token in promptTokens { penalise(token) }
            for token in outputCounts.keys where !promptTokens.contains(token) { penalise(token) }
        }
        if parameters.presencePenalty != 0 || parameters.frequencyPenalty != 0 {
            for (token, count) in outputCounts {
                change(token) { $0 - parameters.presencePenalty - Float(count) * parameters.frequencyPenalty }
            }
        }
        for (token, bias) in parameters.logitBias { change(token) { $0 + bias } }
        if generated < parameters.minimumTokens {
            for token in stopTokens { change(token) { _ in -.infinity } }
        }
    }

    private mutating func choose(_ logits: FloatMatrix, row: Int, in workspace: SamplingWorkspace) -> Int32 {
        let isGreedy = parameters.temperature == 0 || parameters.topK == 1
        let distribution = TokenDistribution(
            logits, row: row, temperature: isGreedy ? 1 : parameters.temperature, kernels: workspace.kernels)
        if isGreedy || distribution.isCertain { return Int32(distribution.best) }
        workspace.ranking.begin(distribution)
        let cut = filter(distribution, workspace.ranking)
        return workspace.ranking.draw(cut, unit: random.nextUnit())
    }

    /// What top-k, top-p and min-p keep.
    private func filter(_ distribution: TokenDistribution, _ ranking: TokenRanking) -> TokenDistribution.Cut {
        var cut = TokenDistribution.Cut.none
        if parameters.topK > 0, parameters.topK < distribution.logits.columns {
            cut = ranking.cut(count: parameters.topK)
        }
        if parameters.topP < 1 {
            // As in common implementations, top-p applies to what top-k left, renormalised.
            let mass = cut == .none ? ranking.totalMass() : ranking.mass(of: cut)
            cut = cut.intersection(ranking.cut(mass: Double(parameters.topP) * mass))
        }
        if parameters.minP > 0 {
            let bound = distribution.maximum + parameters.temperature * Float(naturalLogarithm(Double(parameters.minP)))
            cut = cut.intersection(TokenDistribution.Cut(logit: min(bound, distribution.maximum)))
        }
        return cut
    }
}
