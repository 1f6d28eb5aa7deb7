extension TokenizerFile {
    /// The merges in the order of their ranks, from `"left right"` or `["left", "right"]`.
    func merges(_ pieces: PieceTable) throws(TokenizerError) -> [(left: Int32, right: Int32, result: Int32)] {
        guard let mergesOffset else { throw missing("model.merges", "an array of pairs of tokens") }
        var cursor = JSONCursor(bytes, offset: mergesOffset)
        var merges: [(left: Int32, right: Int32, result: Int32)] = []
        merges.reserveCapacity(bytes.count / 64)
        var left: [UInt8] = []
        var right: [UInt8] = []
        try cursor.list("[", "]") { (cursor) throws(TokenizerError) in
            left.removeAll(keepingCapacity: true)
            right.removeAll(keepingCapacity: true)
            try Self.pair(&cursor, &left, &right)
            merges.append(try merge(left, right, pieces, rank: merges.count))
        }
        return merges
    }

    /// Reads the texts of a pair.
    private static func pair(
        _ cursor: inout JSONCursor, _ left: inout [UInt8], _ right: inout [UInt8]
    ) throws(TokenizerError) {
        if cursor.peek() == UInt8(ascii: "[") {
            try cursor.expect("[")
            try cursor.string(into: &left)
            try cursor.expect(",")
            try cursor.string(into: &right)
            return try cursor.expect("]")
        }
        try cursor.string(into: &left)
        guard let space = left.firstIndex(of: UInt8(ascii: " ")) else {
            throw cursor.failure("two tokens with a space between")
        }
        right.append(contentsOf: left[(space + 1)...])
        left.removeLast(left.count - space)
    }

    private func merge(
        _ left: [UInt8], _ right: [UInt8], _ pieces: PieceTable, rank: Int
    ) throws(TokenizerError) -> (left: Int32, right: Int32, result: Int32) {
        var bytes = left
        let isLeftByteLevel = ByteAlphabet.decode(&bytes, from: 0)
        let middle = bytes.count
        bytes.append(contentsOf: right)
        guard rank < MergeTable.limit, isLeftByteLevel, ByteAlphabet.decode(&bytes, from: middle),
            middle > 0, middle < bytes.count,
            let leftToken = pieces.token(bytes.span, from: 0, to: middle),
            let rightToken = pieces.token(bytes.span, from: middle, to: bytes.count),
            let result = pieces.token(bytes.span, from: 0, to: bytes.count)
        else {
            let pair = String(decoding: left + [0x20] + right, as: UTF8.self)
            throw .malformed(
                path: "model.merges[\(rank)]",
                expected: "two tokens of model.vocab, whose concatenation is one, too", found: "\"\(pair)\"")
        }
        return (leftToken, rightToken, result)
    }
}
