import Generation
import OutcropNumerics

/// Log-probabilities from unmodified logits.
enum Logprobs {
    /// The log-probability of `token` at a row, and of the `top` most likely tokens.
    static func compute(
        _ logits: FloatMatrix, row: Int, token: Int32, top: Int, kernels: KernelSet
    ) -> TokenLogprob {
        let best = kernels.argmax(logits, row: row)
        let maximum = logits.withRow(row) { $0[best] }
        let sum = kernels.sumOfExponentials(logits, row: row, maximum: maximum)
        let normaliser = maximum + Float(naturalLogarithm(sum))
        return logits.withRow(row) { values in
            let candidates = largest(values, top).map {
                TokenLogprob.Candidate(id: Int32($0), logprob: values[$0] - normaliser)
            }
            let own = token >= 0 && Int(token) < values.count ? values[Int(token)] - normaliser : -.infinity
            return TokenLogprob(id: token, logprob: own, top: candidates)
        }
    }

    /// Indices of the `count` largest values, largest first, lower indices first on ties.
    private static func largest(_ values: Span<Float>, _ count: Int) -> [Int] {
        guard count > 0 else { return [] }
        var best: [Int] = []
        for index in values.indices {
            if best.count == count, let last = best.last, !(values[index] > values[last]) { continue }
            let place = best.firstIndex { values[index] > values[$0] } ?? best.endIndex
            best.insert(index, at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }
}
