/// Byte-pair merging of short pieces: search all pairs for the lowest rank, merge, repeat.
struct ShortPieceMerge {
    private var tokens: [Int32] = []
    /// Rank of each token with its right neighbour; `MergeTable.none` for the last.
    private var ranks: [UInt32] = []

    /// Appends the tokens of a piece to `output`.
    mutating func merge(_ piece: Span<UInt8>, _ tables: EncodingTables, into output: inout [Int32]) {
        start(piece, tables)
        var count = piece.count
        while true {
            var lowest = MergeTable.none
            var place = 0
            for index in 0..<count where ranks[index] < lowest {
                lowest = ranks[index]
                place = index
            }
            if lowest == MergeTable.none { break }
            tokens[place] = tables.merges.result(lowest)
            count -= 1
            for index in place + 1..<max(count, place + 1) {
                tokens[index] = tokens[index + 1]
                ranks[index] = ranks[index + 1]
            }
            let hasRight = place + 1 < count
            ranks[place] = hasRight ? tables.merges.rank(tokens[place], tokens[place + 1]) : MergeTable.none
            if place > 0 { ranks[place - 1] = tables.merges.rank(tokens[place - 1], tokens[place]) }
        }
        output.append(contentsOf: tokens[..<count])
    }

    private mutating func start(_ piece: Span<UInt8>, _ tables: EncodingTables) {
        tokens.removeAll(keepingCapacity: true)
        ranks.removeAll(keepingCapacity: true)
        for index in 0..<piece.count { tokens.append(tables.byteTokens[Int(piece[index])]) }
        for index in 1..<max(piece.count, 1) { ranks.append(tables.rank(ofBytes: piece[index - 1], piece[index])) }
        ranks.append(MergeTable.none)
    }
}
