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

    /// The attention's heads.
    struct Heads: Equatable {
        /// Heads of keys and values.
        var keyValue: Int
        /// Query heads that share each of them.
        var group: Int
    }

    private(set) var tiles: [Tile] = []
    /// Into how many parts the query heads of a group are divided: 1 but where one sequence would keep fewer threads busy
    /// than there are. Each part reads the group's keys and values, which threads next to each other then share in a cache.
    private(set) var parts = 1
    private var heads = Heads(keyValue: 1, group: 1)
    private var threads = 1
    private var cost: Int { tiles.last.map { $0.start + $0.cost } ?? 0 }

    /// What a token costs beside the positions it sees, in positions: about a page.
    private static let costPerToken = KeyValuePages.tokensPerPage

    /// Cuts some rows of a batch, in ascending order, into tiles, small enough that all threads have work.
    mutating func cut(
        _ batch: Batch, rows: some RandomAccessCollection<Int>, window: Int?, heads: Heads, threads: Int
    ) {
        self.heads = heads
        self.threads = threads
        tiles.removeAll(keepingCapacity: true)
        let most = min(KernelSet.attentionTokens, max(1, rows.count * heads.keyValue / (4 * threads)))
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
        let largest = tiles.reduce(0) { max($0, $1.cost) }
        // A part of a group's heads for the dearest tile is no more than a thread's share of everything.
        parts =
            (1...heads.group).first {
                heads.group % $0 == 0 && largest * threads <= $0 * heads.keyValue * cost
            } ?? heads.group
    }

    private mutating func append(_ rows: Range<Int>, _ batch: Batch, window: Int?) {
        let seen = rows.reduce(0) { sum, row in
            sum + min(batch.positions[row] + 1, window ?? .max) + AttentionPlan.costPerToken
        }
        tiles.append(Tile(rows: rows, cost: seen, start: cost))
    }

    /// Calls `body` with a thread's share of all heads' tiles, head by head, so that a thread stays with one head's keys and
    /// values; `queryHeads` counts all query heads.
    func forEach(thread: Int, _ body: (_ queryHeads: Range<Int>, _ tile: Tile) -> Void) {
        let total = cost
        let units = heads.keyValue * parts
        let size = heads.group / parts
        for unit in 0..<units {
            for tile in tiles {
                // A tile belongs to the thread in whose share its middle lies.
                let middle = 2 * (unit * total + tile.start) + tile.cost
                if middle * threads / (2 * units * total) == thread { body(unit * size..<(unit + 1) * size, tile) }
            }
        }
    }
}
