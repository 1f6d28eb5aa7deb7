import OutcropNumerics

extension GPTOSSModel {
    /// The most tokens, up to `limit`, in a step that computes each of them to the same bits as a step of one: products of one
    /// form of activations do not depend on the number of tokens, and attention never does.
    func mostEqualRows(limit: Int) -> Int {
        (1...limit).last { rows in (1...rows).allSatisfy { computesAlike($0) } } ?? 1
    }

    private func computesAlike(_ tokens: Int) -> Bool {
        func hasOneForm(_ kind: WeightKind, _ precision: Precision) -> Bool {
            kernels.activationKind(for: kind, tokens: tokens, precision: precision)
                == kernels.activationKind(for: kind, tokens: 1, precision: precision)
        }
        return hasOneForm(weights.unembedding.kind, precision.ofLogits)
            && expertActivationKind(tokens: tokens) == expertActivationKind(tokens: 1)
            && weights.layers.allSatisfy {
                hasOneForm($0.qkv.matrix.kind, precision) && hasOneForm($0.attentionOutput.matrix.kind, precision)
            }
    }
}
