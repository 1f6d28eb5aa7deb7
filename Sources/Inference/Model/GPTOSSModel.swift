import OutcropNumerics

/// The gpt-oss forward pass over a ragged batch, in the order of the reference.
///
/// Every phase is shared out to the thread team and ends at a barrier. Threads split the outputs of a product, never its
/// sums, and a token's result is computed the same way whatever else is in the batch.
final class GPTOSSModel {
    let shape: ModelShape
    let weights: ModelWeights
    let kernels: KernelSet
    let precision: Precision
    let team: ThreadTeam
    let workspace: Workspace
    /// Keys and values of the layers that see everything.
    let fullPages: KeyValuePages
    /// Keys and values of the layers with a window.
    let slidingPages: KeyValuePages

    init(
        shape: ModelShape, weights: ModelWeights, kernels: KernelSet, precision: Precision, team: ThreadTeam,
        workspace: Workspace, fullPages: KeyValuePages, slidingPages: KeyValuePages
    ) {
        self.shape = shape
        self.weights = weights
        self.kernels = kernels
        self.precision = precision
        self.team = team
        self.workspace = workspace
        self.fullPages = fullPages
        self.slidingPages = slidingPages
    }

    /// Computes the last hidden states of the batch's tokens into `workspace.hidden` and stores their keys and values.
    func forward(_ batch: Batch) {
        precondition(batch.tokens.count <= workspace.tokens, "a step of at most \(workspace.tokens) tokens")
        embed(batch)
        for layer in 0..<shape.layers { runLayer(layer, batch) }
    }

    /// x = E[token]; the angles of the step's positions; how attention is cut.
    func embed(_ batch: Batch) {
        planAttention(batch)
        team.split(batch.tokens.count) { _, rows in
            for row in rows {
                weights.embedding.copy(token: batch.tokens[row], to: workspace.hidden, row: row)
                shape.rotary.fill(workspace.rotation, row: row, position: batch.positions[row])
            }
        }
    }

    /// One transformer block over the rows of `workspace.hidden`.
    func runLayer(_ index: Int, _ batch: Batch) {
        let layer = weights.layers[index]
        attention(layer, index: index, batch)
        mixtureOfExperts(layer, tokens: batch.tokens.count)
    }

    /// The logits of some rows of the batch, into rows 0... of `workspace.logits`.
    func computeLogits(rows: ArraySlice<Int>) {
        precondition(rows.count <= workspace.logitRows, "at most \(workspace.logitRows) rows of logits at once")
        let input = workspace.logitInput
        input.kind = kernels.activationKind(
            for: weights.unembedding.kind, tokens: rows.count, precision: precision.ofLogits)
        team.split(rows.count) { _, share in
            for target in share {
                let row = rows[rows.startIndex + target]
                normalise(row: row, gain: weights.finalNorm)
                kernels.convert(workspace.normed, row: row, to: input, row: target)
            }
        }
        multiply(weights.unembedding, bias: nil, input, tokens: rows.count, into: workspace.logits)
    }

    private func normalise(row: Int, gain: FloatVector) {
        kernels.rmsNorm(
            workspace.hidden, row: row, gain: gain, epsilon: shape.normEpsilon, to: workspace.normed, row: row)
    }

    private func multiply(
        _ matrix: PackedMatrix, bias: FloatVector?, _ input: Activations, tokens: Int, into out: FloatMatrix
    ) {
        team.split(matrix.rowGroups) { thread, share in
            kernels.multiply(
                matrix, rowGroups: share, input, tokens: 0..<tokens, into: out, bias: bias,
                scratch: workspace.lanes[thread].scratch)
        }
    }

    // MARK: - Attention

    private func attention(_ layer: ModelWeights.Layer, index: Int, _ batch: Batch) {
        let count = batch.tokens.count
        let input = workspace.hiddenInput
        input.kind = kernels.activationKind(for: layer.qkv.matrix.kind, tokens: count, precision: precision)
        team.split(count) { _, rows in
            for row in rows {
                normalise(row: row, gain: layer.attentionNorm)
                kernels.convert(workspace.normed, row: row, to: input, row: row)
            }
        }
        multiply(layer.qkv.matrix, bias: layer.qkv.bias, input, tokens: count, into: workspace.qkv)
        rotateAndStore(index, batch)
        attend(layer, index: index, batch)
        let attended = workspace.attentionInput
        attended.kind = kernels.activationKind(
            for: layer.attentionOutput.matrix.kind, tokens: count, precision: precision)
        team.split(count) { _, rows in
            for row in rows { kernels.convert(workspace.attention, row: row, to: attended, row: row) }
        }
        multiply(
            layer.attentionOutput.matrix, bias: layer.attentionOutput.bias, attended, tokens: count,
            into: workspace.projected)
        team.split(count) { _, rows in
            for row in rows {
                kernels.addScaled(
                    workspace.hidden, row: row, columns: 0..<shape.hiddenSize, workspace.projected, row: row,
                    column: 0, weight: 1)
            }
        }
    }
}
