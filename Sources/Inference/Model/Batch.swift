/// The tokens of one step: some sequences' next tokens and some prompts' next chunks, row by row.
///
/// The engine fills the same batch again and again, so that a step allocates nothing.
struct Batch: Sendable {
    /// Where a sequence keeps its keys and values during this step.
    struct Pages: Sendable {
        /// Pages of the layers that see everything, from position 0.
        var full: [Int32]
        /// Pages of the layers with a window.
        var sliding: [Int32]
        /// Absolute number of the first page in `sliding`.
        var firstSlidingPage: Int
    }

    /// Token ids.
    private(set) var tokens: [Int32] = []
    /// Absolute positions.
    private(set) var positions: [Int] = []
    /// Index into `sequences` of each row.
    private(set) var owners: [Int] = []
    /// Pages of the sequences in this step.
    private(set) var sequences: [Pages] = []

    /// Adds a run of tokens of one sequence, from `position` on, and then the drafts of the tokens that may follow.
    mutating func append(
        _ ids: ArraySlice<Int32>, drafts: ArraySlice<Int32> = [], position: Int, pages: Pages
    ) {
        tokens.append(contentsOf: ids)
        tokens.append(contentsOf: drafts)
        for offset in 0..<ids.count + drafts.count {
            positions.append(position + offset)
            owners.append(sequences.count)
        }
        sequences.append(pages)
    }

    /// Whether a row's token follows that of the row before it.
    func continues(at row: Int) -> Bool {
        owners[row] == owners[row - 1] && positions[row] == positions[row - 1] + 1
    }

    /// Forgets the step but keeps the memory. Sequences get their page lists for themselves again, which they could
    /// otherwise not extend without copying them.
    mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        owners.removeAll(keepingCapacity: true)
        sequences.removeAll(keepingCapacity: true)
    }
}
