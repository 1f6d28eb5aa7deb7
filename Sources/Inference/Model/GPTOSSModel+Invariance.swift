import OutcropNumerics

extension GPTOSSModel {
    /// The most tokens, up to `limit`, in a step that computes each of them to the same bits as a step of one: products of one
    /// form of activations do not depend on the number of tokens, and attention never does.
    func mostEqualRows(limit: Int) -> Int {
        (1...limit).last { rows in (1...rows).allSatisfy { computesAlike($0) } } ?? 1
    }

    private func computesAlike(_ tokens: Int) -> Bool {
        let dense = weights.layers.flatMap { [$0.qkv.matrix.kind, $0.attentionOutput.matrix.kind] }
        let areEqual = Set(dense + [weights.unembedding.kind]).allSatisfy {
            kernels.activationKind(for: $0, tokens: tokens, precision: precision)
                == kernels.activationKind(for: $0, tokens: 1, precision: precision)
        }
        return areEqual && expertActivationKind(tokens: tokens) == expertActivationKind(tokens: 1)
    }
}
