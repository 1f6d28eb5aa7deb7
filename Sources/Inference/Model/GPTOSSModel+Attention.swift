import OutcropNumerics

extension GPTOSSModel {
    /// Rotates queries and keys and puts keys and values in their pages.
    func rotateAndStore(_ index: Int, _ batch: Batch) {
        let pool = shape.windows[index] == nil ? fullPages : slidingPages
        let poolLayer = shape.poolIndex(of: index)
        team.split(batch.tokens.count) { _, rows in
            for row in rows {
                kernels.rotate(
                    workspace.qkv, row: row, column: 0, heads: shape.queryHeads + shape.keyValueHeads,
                    headDim: shape.headDim, rotation: workspace.rotation, tableRow: row)
                let (page, slot) = place(of: row, batch, layer: index)
                kernels.storeKeyValue(
                    workspace.qkv, row: row, keyColumn: shape.queryWidth,
                    valueColumn: shape.queryWidth + shape.keyValueWidth, pages: pool, page: page, slot: slot,
                    layer: poolLayer)
            }
        }
    }

    private func place(of row: Int, _ batch: Batch, layer: Int) -> (page: Int, slot: Int) {
        let pages = batch.sequences[batch.owners[row]]
        let (number, slot) = batch.positions[row].quotientAndRemainder(dividingBy: KeyValuePages.tokensPerPage)
        let page =
            shape.windows[layer] == nil ? pages.full[number] : pages.sliding[number - pages.firstSlidingPage]
        return (Int(page), slot)
    }

    /// Cuts the step's attention into tiles, once for all layers that see alike.
    func planAttention(_ batch: Batch) {
        cut(batch, batch.tokens.indices, window: nil, into: &workspace.attentionPlans.full)
        cut(batch, batch.tokens.indices, window: shape.widestWindow, into: &workspace.attentionPlans.sliding)
    }

    /// How a layer's attention is cut: as planned for the step, or of some rows only.
    func attentionPlan(_ index: Int, _ batch: Batch, keeping rows: [Int]?) -> AttentionPlan {
        let window = shape.windows[index]
        guard let rows else {
            return window == nil ? workspace.attentionPlans.full : workspace.attentionPlans.sliding
        }
        cut(batch, rows, window: window, into: &workspace.attentionPlans.last)
        return workspace.attentionPlans.last
    }

    private func cut(
        _ batch: Batch, _ rows: some RandomAccessCollection<Int>, window: Int?, into plan: inout AttentionPlan
    ) {
        let heads = AttentionPlan.Heads(keyValue: shape.keyValueHeads, group: shape.groupSize)
        plan.cut(batch, rows: rows, window: window, heads: heads, threads: team.count)
    }

    /// The attention of the tokens of a plan over what their sequences have stored.
    func attend(_ layer: ModelWeights.Layer, index: Int, _ batch: Batch, _ plan: AttentionPlan) {
        let window = shape.windows[index]
        let pool = window == nil ? fullPages : slidingPages
        let poolLayer = shape.poolIndex(of: index)
        let scale = 1 / Float(shape.headDim).squareRoot()
        team.run { thread in
            let scratch = workspace.lanes[thread].scratch
            plan.forEach(thread: thread) { heads, tile in
                let pages = batch.sequences[batch.owners[tile.rows.lowerBound]]
                kernels.attend(
                    workspace.qkv, rows: tile.rows, column: heads.lowerBound * shape.headDim, group: heads.count,
                    to: KernelSet.KeyValueView(
                        pages: pool, table: window == nil ? pages.full : pages.sliding,
                        firstPage: window == nil ? 0 : pages.firstSlidingPage, layer: poolLayer,
                        head: heads.lowerBound / shape.groupSize),
                    firstPosition: batch.positions[tile.rows.lowerBound], window: window, scale: scale,
                    sinks: layer.sinks, firstSink: heads.lowerBound, into: workspace.attention, scratch: scratch)
            }
        }
    }
}
