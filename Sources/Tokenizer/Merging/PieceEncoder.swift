/// What encoding reads: shared by all, never changed.
struct EncodingTables: Sendable {
    /// Whole pieces that are tokens.
    let pieces: PieceTable
    /// The merges for all others.
    let merges: MergeTable
    /// The token of each byte.
    let byteTokens: [Int32]
    /// The rank of each pair of bytes, the first byte the more significant: merging begins with these, and here they are
    /// close together in memory.
    private let bytePairRanks: [UInt32]

    init(pieces: PieceTable, merges: MergeTable, byteTokens: [Int32]) {
        self.pieces = pieces
        self.merges = merges
        self.byteTokens = byteTokens
        bytePairRanks = (0..<0x10000).map { merges.rank(byteTokens[$0 >> 8], byteTokens[$0 & 0xFF]) }
    }

    /// The rank of the tokens of two bytes.
    @inline(__always) func rank(ofBytes left: UInt8, _ right: UInt8) -> UInt32 {
        bytePairRanks[Int(left) << 8 | Int(right)]
    }
}

/// Encodes pieces one after the other; owns the memory that merging needs.
struct PieceEncoder {
    /// Pieces up to this length are merged by searching for the lowest rank each time: fewest steps for few tokens, but
    /// quadratic.
    static let shortPiece = 96

    private let tables: EncodingTables
    private var short = ShortPieceMerge()
    private var long: LongPieceMerge?
    /// All tokens so far.
    private(set) var output: [Int32] = []

    init(tables: EncodingTables) {
        self.tables = tables
    }

    mutating func reserve(_ count: Int) { output.reserveCapacity(count) }

    /// Appends a token.
    mutating func append(_ token: Int32) { output.append(token) }

    /// Splits text into pieces and appends their tokens. The text is valid UTF-8.
    @inline(__always) mutating func append(_ text: Span<UInt8>, scanner: some PieceScanner) {
        var start = 0
        while start < text.count {
            let end = scanner.end(of: text, from: start)
            if let token = tables.pieces.token(text, from: start, to: end) {
                output.append(token)
            } else {
                merge(text.extracting(start..<end))
            }
            start = end
        }
    }

    /// The token that all bytes of a piece merge into; nil if they do not merge into one. Leaves `output` empty.
    mutating func merged(_ piece: Span<UInt8>) -> Int32? {
        defer { output.removeAll(keepingCapacity: true) }
        merge(piece)
        return output.count == 1 ? output[0] : nil
    }

    private mutating func merge(_ piece: Span<UInt8>) {
        if piece.count <= Self.shortPiece {
            short.merge(piece, tables, into: &output)
        } else {
            var merge = long.take() ?? LongPieceMerge(rankCount: tables.merges.count)
            merge.merge(piece, tables, into: &output)
            long = merge
        }
    }
}
