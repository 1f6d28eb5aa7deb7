/// Byte-pair merging of long pieces in time that grows with their length, not its square: the pairs wait in a queue by
/// rank, and each merge changes at most three of them.
///
/// Uses 20 bytes of memory per byte of the longest piece.
struct LongPieceMerge {
    private var queue: RankQueue
    /// By the place of a token's first byte: the token, the next and the previous token's place, and the rank with the
    /// next (`MergeTable.none` for none, and then the pair is not in the queue).
    private var tokens: [Int32] = []
    private var next: [Int32] = []
    private var previous: [Int32] = []
    private var ranks: [UInt32] = []

    /// For merges of ranks below `rankCount`.
    init(rankCount: Int) {
        queue = RankQueue(rankCount: rankCount)
    }

    /// Appends the tokens of a piece to `output`.
    ///
    /// Places are 32-bit numbers: of a piece of more than 2 GiB each part of that size is merged on its own.
    mutating func merge(_ piece: Span<UInt8>, _ tables: EncodingTables, into output: inout [Int32]) {
        var start = 0
        while start < piece.count {
            let end = min(piece.count, start + Int(Int32.max) - 1)
            mergePart(piece.extracting(start..<end), tables, into: &output)
            start = end
        }
    }

    private mutating func mergePart(_ piece: Span<UInt8>, _ tables: EncodingTables, into output: inout [Int32]) {
        let count = piece.count
        start(piece, tables)
        while let (place, rank) = queue.popFirst() {
            let right = Int(next[place])
            setRank(right, MergeTable.none)
            let following = Int(next[right])
            tokens[place] = tables.merges.result(rank)
            next[place] = Int32(following)
            ranks[place] = MergeTable.none
            if following < count {
                previous[following] = Int32(place)
                setRank(place, tables.merges.rank(tokens[place], tokens[following]))
            }
            if place > 0 {
                let left = Int(previous[place])
                setRank(left, tables.merges.rank(tokens[left], tokens[place]))
            }
        }
        var place = 0
        while place < count {
            output.append(tokens[place])
            place = Int(next[place])
        }
    }

    private mutating func start(_ piece: Span<UInt8>, _ tables: EncodingTables) {
        let count = piece.count
        queue.reserve(places: count)
        if tokens.count < count {
            tokens = Array(repeating: 0, count: count)
            next = tokens
            previous = tokens
            ranks = Array(repeating: MergeTable.none, count: count)
        }
        for place in 0..<count {
            tokens[place] = tables.byteTokens[Int(piece[place])]
            next[place] = Int32(place + 1)
            previous[place] = Int32(place - 1)
            ranks[place] = MergeTable.none
        }
        for place in 0..<count - 1 { setRank(place, tables.rank(ofBytes: piece[place], piece[place + 1])) }
    }

    /// Moves the pair at a place to another rank, or out of the queue.
    @inline(__always) private mutating func setRank(_ place: Int, _ rank: UInt32) {
        let old = ranks[place]
        if old == rank { return }
        if old != MergeTable.none { queue.remove(place, rank: old) }
        if rank != MergeTable.none { queue.insert(place, rank: rank) }
        ranks[place] = rank
    }
}
