import OutcropNumerics

/// What sampling needs from step to step, whichever sequence it is for: kernels and buffers of fixed size.
final class SamplingWorkspace {
    let kernels: KernelSet
    let ranking: TokenRanking
    /// Logits that were changed, with what they were, in the order of the changes.
    private var changes: [TokenDistribution.Candidate] = []

    /// For rows as wide as those of `logits`.
    init(logits: FloatMatrix, kernels: KernelSet) {
        self.kernels = kernels
        ranking = TokenRanking(logits: logits, kernels: kernels)
        changes.reserveCapacity(TokenRanking.capacity)
    }

    /// Changes one logit until `restore`; an id outside of the row changes nothing.
    func change(_ token: Int32, _ logits: FloatMatrix, row: Int, _ body: (Float) -> Float) {
        guard token >= 0, Int(token) < logits.columns else { return }
        logits.withMutableRow(row) { values in
            let logit = values[Int(token)]
            changes.append(TokenDistribution.Candidate(id: token, logit: logit))
            values[Int(token)] = body(logit)
        }
    }

    /// Undoes the changes to a row, last first.
    func restore(_ logits: FloatMatrix, row: Int) {
        logits.withMutableRow(row) { values in
            while let change = changes.popLast() { values[Int(change.id)] = change.logit }
        }
    }
}
