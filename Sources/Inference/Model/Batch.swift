/// The tokens of one step: some sequences' next tokens and some prompts' next chunks, row by row.
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
    var tokens: [Int32] = []
    /// Absolute positions.
    var positions: [Int] = []
    /// Index into `sequences` of each row.
    var owners: [Int] = []
    /// Pages of the sequences in this step.
    var sequences: [Pages] = []

    /// Adds a run of tokens of one sequence, from `position` on.
    mutating func append(_ ids: ArraySlice<Int32>, position: Int, pages: Pages) {
        for (offset, id) in ids.enumerated() {
            tokens.append(id)
            positions.append(position + offset)
            owners.append(sequences.count)
        }
        sequences.append(pages)
    }
}
