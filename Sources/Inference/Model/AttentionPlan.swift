import OutcropNumerics

/// How the attention of a step is cut into tiles of consecutive tokens and shared out to threads, for layers that see alike.
///
/// Tokens of a prompt see different numbers of positions, and so do sequences that decode, so that shares are balanced by
/// positions seen. How a step is cut does not change any result.
struct AttentionPlan {
    /// Consecutive tokens of one sequence: rows of the batch.
    struct Tile: Equatable {
        var rows: Range<Int>
        /// Positions that the tokens see, all together, and a constant for each.
        var cost: Int
        /// The cost of all tiles before this one.
        var start: Int
    }

    private(set) var tiles: [Tile] = []
    private var cost: Int { tiles.last.map { $0.start + $0.cost } ?? 0 }

    /// What a token costs beside the positions it sees, in positions: about a page.
    private static let costPerToken = KeyValuePages.tokensPerPage

    /// Cuts some rows of a batch, in ascending order, into tiles, small enough that all threads have work.
    mutating func cut(
        _ batch: Batch, rows: some RandomAccessCollection<Int>, window: Int?, heads: Int, threads: Int
    ) {
        tiles.removeAll(keepingCapacity: true)
        let most = min(KernelSet.attentionTokens, max(1, rows.count * heads / (4 * threads)))
        var tile: Range<Int>?
        for row in rows {
            if let open = tile, open.count < most, row == open.upperBound, batch.continues(at: row) {
                tile = open.lowerBound..<row + 1
            } else {
                if let tile { append(tile, batch, window: window) }
                tile = row..<row + 1
            }
        }
        if let tile { append(tile, batch, window: window) }
    }

    private mutating func append(_ rows: Range<Int>, _ batch: Batch, window: Int?) {
        let seen = rows.reduce(0) { sum, row in
            sum + min(batch.positions[row] + 1, window ?? .max) + AttentionPlan.costPerToken
        }
        tiles.append(Tile(rows: rows, cost: seen, start: cost))
    }

    /// Calls `body` with a thread's share of all heads' tiles, head by head, so that a thread stays with one head's keys and
    /// values.
    func forEach(thread: Int, of threads: Int, heads: Int, _ body: (_ head: Int, _ tile: Tile) -> Void) {
        let total = cost
        for head in 0..<heads {
            for tile in tiles {
                // A tile belongs to the thread in whose share its middle lies.
                let middle = 2 * (head * total + tile.start) + tile.cost
                if middle * threads / (2 * heads * total) == thread { body(head, tile) }
            }
        }
    }
}
