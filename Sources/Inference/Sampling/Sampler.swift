import Generation
import OutcropNumerics

/// Chooses one sequence's tokens from its logits.
struct Sampler {
    private let parameters: SamplingParameters
    private let stopTokens: Set<Int32>
    private var random: RandomSource
    /// Occurrences in the output.
    private var outputCounts: [Int32: Int] = [:]
    /// Tokens of the prompt, kept only when a repetition penalty asks for them.
    private let promptTokens: Set<Int32>
    private var generated = 0

    init(_ parameters: SamplingParameters, prompt: [Int32], stopTokens: Set<Int32>) {
        self.parameters = parameters
        self.stopTokens = stopTokens
        random = RandomSource(seed: parameters.seed ?? UInt64.random(in: .min ... .max))
        promptTokens = parameters.repetitionPenalty == 1 ? [] : Set(prompt)
    }

    /// Draws the next token from a row of logits; the row is changed by penalties and bias.
    mutating func sample(_ logits: FloatMatrix, row: Int, kernels: KernelSet) -> Int32 {
        adjust(logits, row: row)
        let best = kernels.argmax(logits, row: row)
        let token: Int32
        if parameters.temperature == 0 || parameters.topK == 1 {
            token = Int32(best)
        } else {
            token = draw(logits, row: row, best: best, kernels: kernels)
        }
        generated += 1
        outputCounts[token, default: 0] += 1
        return token
    }

    private func adjust(_ logits: FloatMatrix, row: Int) {
        logits.withMutableRow(row) { values in
            func change(_ token: Int32, _ body: (Float) -> Float) {
                guard token >= 0, Int(token) < values.count else { return }
                values[Int(token)] = body(values[Int(token)])
            }
            if parameters.repetitionPenalty != 1 {
                for token in promptTokens.union(outputCounts.keys) {
                    change(token) { $0 > 0 ? $0 / parameters.repetitionPenalty : $0 * parameters.repetitionPenalty }
                }
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
    }

    private mutating func draw(_ logits: FloatMatrix, row: Int, best: Int, kernels: KernelSet) -> Int32 {
        let temperature = parameters.temperature
        let maximum = logits.withRow(row) { $0[best] }
        guard maximum.isFinite else { return Int32(best) }
        let total = kernels.sumOfExponentials(logits, row: row, maximum: maximum, temperature: temperature)
        let isUnfiltered = parameters.topP >= 1 && parameters.topK == 0 && parameters.minP == 0
        if isUnfiltered { return drawFromAll(logits, row: row, maximum: maximum, total: total, fallback: best) }
        let kept = candidates(logits, row: row, maximum: maximum, total: total)
        var target = random.nextUnit() * kept.reduce(0) { $0 + $1.weight }
        for candidate in kept {
            target -= candidate.weight
            if target < 0 { return candidate.id }
        }
        return kept.last?.id ?? Int32(best)
    }

    private mutating func drawFromAll(
        _ logits: FloatMatrix, row: Int, maximum: Float, total: Double, fallback: Int
    ) -> Int32 {
        var target = random.nextUnit() * total
        return logits.withRow(row) { values in
            for index in values.indices {
                target -= Double(exponential((values[index] - maximum) / parameters.temperature))
                if target < 0 { return Int32(index) }
            }
            return Int32(fallback)
        }
    }

    private struct Candidate {
        var id: Int32
        var weight: Double
    }

    /// The tokens that top-k, top-p and min-p keep, most likely first.
    private func candidates(_ logits: FloatMatrix, row: Int, maximum: Float, total: Double) -> [Candidate] {
        // Tokens e^-16 less likely than the best are looked at only if the likelier ones do not reach top-p.
        for cut in [Float(16), .infinity] {
            var found = collect(logits, row: row, maximum: maximum, cut: cut)
            let isComplete = cut == .infinity
            found.sort { ($0.weight, $1.id) > ($1.weight, $0.id) }
            if parameters.topK > 0 {
                if found.count < parameters.topK, !isComplete { continue }
                found = Array(found.prefix(parameters.topK))
            }
            // As in common implementations, top-p applies to what top-k left, renormalised.
            let mass = parameters.topK > 0 ? found.reduce(0) { $0 + $1.weight } : total
            if parameters.topP < 1 {
                var sum = 0.0
                guard
                    let end = found.firstIndex(where: { candidate in
                        sum += candidate.weight
                        return sum >= Double(parameters.topP) * mass
                    })
                else {
                    if isComplete { return found }
                    continue
                }
                found = Array(found[...end])
            } else if parameters.minP == 0, parameters.topK == 0, !isComplete {
                continue
            }
            if parameters.minP > 0 {
                // The best token's weight is 1, so min-p is a bound on the weights themselves.
                found.removeAll { $0.weight < Double(parameters.minP) }
            }
            return found
        }
        return []
    }

    private func collect(_ logits: FloatMatrix, row: Int, maximum: Float, cut: Float) -> [Candidate] {
        let bound = maximum - cut * parameters.temperature
        return logits.withRow(row) { values in
            var found: [Candidate] = []
            for index in values.indices where values[index] >= bound {
                let weight = exponential((values[index] - maximum) / parameters.temperature)
                if weight > 0 { found.append(Candidate(id: Int32(index), weight: Double(weight))) }
            }
            return found
        }
    }
}
