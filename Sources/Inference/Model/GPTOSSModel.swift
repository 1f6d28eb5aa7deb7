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
    /// Whether each thread computes the same rows of every matrix in every step.
    let keepsShares: Bool

    init(
        shape: ModelShape, weights: ModelWeights, kernels: KernelSet, precision: Precision, team: ThreadTeam,
        workspace: Workspace, fullPages: KeyValuePages, slidingPages: KeyValuePages, keepsShares: Bool
    ) {
        self.shape = shape
        self.weights = weights
        self.kernels = kernels
        self.precision = precision
        self.team = team
        self.workspace = workspace
        self.fullPages = fullPages
        self.slidingPages = slidingPages
        self.keepsShares = keepsShares
    }

    /// Computes the last hidden states of some of the batch's rows into rows 0... of `workspace.hidden`, and stores the keys
    /// and values of all its tokens.
    ///
    /// - Parameter rows: the rows whose logits may be asked for, ascending.
    func forward(_ batch: Batch, rows: [Int]) {
        precondition(batch.tokens.count <= workspace.tokens, "a step of at most \(workspace.tokens) tokens")
        embed(batch)
        for layer in 0..<shape.layers - 1 { runLayer(layer, batch) }
        runLayer(shape.layers - 1, batch, keeping: rows.count < batch.tokens.count ? rows : nil)
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
    ///
    /// - Parameter rows: in the last block, the rows whose results are needed, ascending, which become rows 0...; of the
    ///   others only keys and values are computed. All rows if nil.
    func runLayer(_ index: Int, _ batch: Batch, keeping rows: [Int]? = nil) {
        let layer = weights.layers[index]
        projectInputs(layer, tokens: batch.tokens.count)
        rotateAndStore(index, batch)
        attend(layer, index: index, batch, attentionPlan(index, batch, keeping: rows))
        if let rows { keep(rows) }
        let count = rows?.count ?? batch.tokens.count
        guard count > 0 else { return }
        projectAttention(layer, tokens: count)
        mixtureOfExperts(layer, tokens: count)
    }

    /// The logits of some of the rows that `forward` kept, into rows 0... of `workspace.logits`.
    func computeLogits(rows: Range<Int>) {
        precondition(rows.count <= workspace.logitRows, "at most \(workspace.logitRows) rows of logits at once")
        let input = workspace.logitInput
        input.kind = kernels.activationKind(
            for: weights.unembedding.kind, tokens: rows.count, precision: precision.ofLogits)
        team.split(rows.count) { _, share in
            for target in share {
                let row = rows.lowerBound + target
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

    /// q, k, v = W norm(x) + b.
    private func projectInputs(_ layer: ModelWeights.Layer, tokens count: Int) {
        let input = workspace.hiddenInput
        input.kind = kernels.activationKind(for: layer.qkv.matrix.kind, tokens: count, precision: precision)
        team.split(count) { _, rows in
            for row in rows {
                normalise(row: row, gain: layer.attentionNorm)
                kernels.convert(workspace.normed, row: row, to: input, row: row)
            }
        }
        multiply(layer.qkv.matrix, bias: layer.qkv.bias, input, tokens: count, into: workspace.qkv)
    }

    /// Moves the rows whose results are needed to the front.
    private func keep(_ rows: [Int]) {
        for (target, row) in rows.enumerated() where target != row {
            workspace.hidden.copyRow(row, of: workspace.hidden, to: target)
            workspace.attention.copyRow(row, of: workspace.attention, to: target)
        }
    }

    /// x += W attention + b; each thread adds the columns that it has computed.
    private func projectAttention(_ layer: ModelWeights.Layer, tokens count: Int) {
        let (matrix, input) = (layer.attentionOutput.matrix, workspace.attentionInput)
        input.kind = kernels.activationKind(for: matrix.kind, tokens: count, precision: precision)
        team.split(count) { _, rows in
            for row in rows { kernels.convert(workspace.attention, row: row, to: input, row: row) }
        }
        team.split(matrix.rowGroups) { thread, share in
            kernels.multiply(
                matrix, rowGroups: share, input, tokens: 0..<count, into: workspace.projected,
                bias: layer.attentionOutput.bias, scratch: workspace.lanes[thread].scratch)
            let columns = share.lowerBound * 16..<min(share.upperBound * 16, shape.hiddenSize)
            for row in 0..<count {
                kernels.addScaled(
                    workspace.hidden, row: row, columns: columns, workspace.projected, row: row,
                    column: columns.lowerBound, weight: 1)
            }
        }
    }
}
