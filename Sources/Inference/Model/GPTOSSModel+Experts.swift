import OutcropNumerics

extension GPTOSSModel {
    /// x += sum over the chosen experts of weight * (down(act(gate_up(t))) + bias).
    func mixtureOfExperts(_ layer: ModelWeights.Layer, tokens count: Int) {
        let input = workspace.hiddenInput
        // The router sees full precision always; the experts are picked by how many rows each gets on average.
        let kind = expertActivationKind(tokens: count)
        input.kind = kind
        workspace.expertInput.kind = kind
        workspace.expertUnits.kind = kind
        team.split(count) { _, rows in
            for row in rows {
                kernels.rmsNorm(
                    workspace.hidden, row: row, gain: layer.mlpNorm, epsilon: shape.normEpsilon,
                    to: workspace.normed, row: row)
                kernels.convert(workspace.normed, row: row, to: workspace.routerInput, row: row)
                kernels.convert(workspace.normed, row: row, to: input, row: row)
            }
        }
        team.split(layer.router.matrix.rowGroups) { thread, share in
            kernels.multiply(
                layer.router.matrix, rowGroups: share, workspace.routerInput, tokens: 0..<count,
                into: workspace.routerLogits, bias: layer.router.bias, scratch: workspace.lanes[thread].scratch)
        }
        workspace.routing.route(
            workspace.routerLogits, tokens: count, experts: shape.experts, perToken: shape.expertsPerToken)
        let routing = workspace.routing
        team.split(routing.tokens.count) { _, rows in
            for row in rows { workspace.expertInput.copyRow(routing.tokens[row], of: input, to: row) }
        }
        gateAndUp(layer, routing)
        down(layer, routing)
    }

    /// The form of the experts' activations in a step of so many tokens.
    func expertActivationKind(tokens count: Int) -> ActivationKind {
        let rowsPerExpert = max(1, count * shape.expertsPerToken / shape.experts)
        return kernels.activationKind(for: .mxfp4, tokens: rowsPerExpert, precision: precision)
    }

    /// Products, SwiGLU and conversion of every active expert's units.
    private func gateAndUp(_ layer: ModelWeights.Layer, _ routing: ExpertRouting) {
        // A unit group is 16 units: a row group of gates and one of ups. Two make a block of 32 activations.
        let blocks = shape.intermediateSize / 32
        guard sharesExperts(blocks: blocks) else {
            return team.split(blocks) { thread, share in
                for expert in routing.active { gateAndUp(layer, routing, expert: expert, share, thread: thread) }
            }
        }
        team.run { thread in
            for (index, expert) in routing.active.enumerated() {
                let share = routing.share(ofActive: index, blocks: blocks, thread: thread, of: team.count)
                gateAndUp(layer, routing, expert: expert, share, thread: thread)
            }
        }
    }

    /// Whether threads share out the experts instead of each expert's blocks: where these are so few for each thread that some
    /// would have much more to do than others. Pinned threads keep to their rows, which lie in their nodes' memory.
    private func sharesExperts(blocks: Int) -> Bool {
        let most = (blocks + team.count - 1) / team.count
        return !keepsShares && most * team.count * 20 > blocks * 23
    }

    private func gateAndUp(
        _ layer: ModelWeights.Layer, _ routing: ExpertRouting, expert: Int, _ share: Range<Int>, thread: Int
    ) {
        let lane = workspace.lanes[thread]
        let rows = routing.offsets[expert]..<routing.offsets[expert + 1]
        let isWide = rows.count <= Workspace.Lane.wideTokens
        let step = isWide ? max(1, share.count) : Workspace.Lane.narrowRowGroups / 4
        for start in stride(from: share.lowerBound, to: share.upperBound, by: step) {
            gateAndUp(
                layer, expert: expert, rows: rows, blocks: start..<min(start + step, share.upperBound), lane,
                products: isWide ? lane.wide : lane.narrow, units: isWide ? lane.units : lane.narrowUnits)
        }
    }

    private func gateAndUp(
        _ layer: ModelWeights.Layer, expert: Int, rows: Range<Int>, blocks: Range<Int>, _ lane: Workspace.Lane,
        products: FloatMatrix, units: FloatMatrix
    ) {
        let matrix = layer.gateUp[expert]
        kernels.multiply(
            matrix, rowGroups: blocks.lowerBound * 4..<blocks.upperBound * 4, workspace.expertInput, tokens: rows,
            into: products, firstColumn: -blocks.lowerBound * 64, bias: layer.gateUpBias,
            biasOffset: expert * matrix.paddedRows, scratch: lane.scratch)
        for (offset, row) in rows.enumerated() {
            kernels.swiGLU(
                products, row: offset, unitGroups: 0..<blocks.count * 2, limit: shape.swigluLimit,
                alpha: shape.swigluAlpha, to: units, row: offset)
            kernels.convert(
                units, row: offset, to: workspace.expertUnits, row: row,
                columns: blocks.lowerBound * 32..<blocks.upperBound * 32)
        }
    }

    /// Each thread computes a share of the outputs for every active expert, in ascending order of the experts, so that
    /// a token's sum does not depend on the batch.
    private func down(_ layer: ModelWeights.Layer, _ routing: ExpertRouting) {
        team.split(layer.down[0].rowGroups) { thread, share in
            let lane = workspace.lanes[thread]
            for expert in routing.active {
                let rows = routing.offsets[expert]..<routing.offsets[expert + 1]
                let isWide = rows.count <= Workspace.Lane.wideTokens
                let step = isWide ? share.count : Workspace.Lane.narrowRowGroups
                for start in stride(from: share.lowerBound, to: share.upperBound, by: step) {
                    down(
                        layer, routing, expert: expert, rows: rows,
                        rowGroups: start..<min(start + step, share.upperBound),
                        lane, products: isWide ? lane.wide : lane.narrow)
                }
            }
        }
    }

    private func down(
        _ layer: ModelWeights.Layer, _ routing: ExpertRouting, expert: Int, rows: Range<Int>, rowGroups: Range<Int>,
        _ lane: Workspace.Lane, products: FloatMatrix
    ) {
        let matrix = layer.down[expert]
        kernels.multiply(
            matrix, rowGroups: rowGroups, workspace.expertUnits, tokens: rows, into: products,
            firstColumn: -rowGroups.lowerBound * 16, bias: layer.downBias, biasOffset: expert * matrix.paddedRows,
            scratch: lane.scratch)
        let columns = rowGroups.lowerBound * 16..<min(rowGroups.upperBound * 16, workspace.hidden.stride)
        for (offset, row) in rows.enumerated() {
            kernels.addScaled(
                workspace.hidden, row: routing.tokens[row], columns: columns, products, row: offset,
                column: 0, weight: routing.rowWeights[row])
        }
    }
}
