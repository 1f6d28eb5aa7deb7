extension BytePairTokenizer {
    /// The vocabulary of gpt-oss, o200k_harmony, which the binary carries: 199,998 ordinary tokens and the special ones
    /// from 199998 to 201088.
    ///
    /// Made at the first call, then shared. (The models' embeddings have rows for ids up to 201087.)
    public static func o200kHarmony() throws(TokenizerError) -> BytePairTokenizer { try bundled.get() }

    private static let bundled = Result { () throws(TokenizerError) in
        BytePairTokenizer(try Vocabulary.o200kHarmony(data: BundledData.o200kMerges()))
    }
}

extension Vocabulary {
    private static let firstSpecial = 199_998
    private static let lastSpecial = 201_088
    /// The special tokens that have a meaning; the others are called `<|reserved_N|>`.
    private static let specialNames = [
        199_998: "<|startoftext|>", 199_999: "<|endoftext|>", 200_002: "<|return|>", 200_003: "<|constrain|>",
        200_005: "<|channel|>", 200_006: "<|start|>", 200_007: "<|end|>", 200_008: "<|message|>", 200_012: "<|call|>",
    ]

    /// Reads o200k_base.bin (its layout is described in `Scripts/make-vocabulary`) and adds the special tokens.
    static func o200kHarmony(data: [UInt8]) throws(TokenizerError) -> Vocabulary {
        guard data.count == 256 + 6 * (firstSpecial - 256) else {
            throw .malformed(
                path: "the bundled vocabulary", expected: "\(firstSpecial) tokens", found: "\(data.count) bytes")
        }
        var tokens = TokenBytes()
        tokens.reserve(tokens: lastSpecial + 1, bytes: 1_400_000)
        var byteTokens = [Int32](repeating: 0, count: 256)
        for id in 0..<256 {
            tokens.append(CollectionOfOne(data[id]))
            byteTokens[Int(data[id])] = Int32(id)
        }
        var merges: [(left: Int32, right: Int32, result: Int32)] = []
        merges.reserveCapacity(firstSpecial - 256)
        for id in 256..<firstSpecial {
            let offset = 256 + 6 * (id - 256)
            let left = Int32(data[offset]) | Int32(data[offset + 1]) << 8 | Int32(data[offset + 2]) << 16
            let right = Int32(data[offset + 3]) | Int32(data[offset + 4]) << 8 | Int32(data[offset + 5]) << 16
            tokens.append(left, right)
            merges.append((left, right, Int32(id)))
        }
        for id in firstSpecial...lastSpecial { tokens.append((specialNames[id] ?? "<|reserved_\(id)|>").utf8) }
        return Vocabulary(
            pattern: .o200k,
            tokens: tokens,
            merges: MergeTable(merges),
            byteTokens: byteTokens,
            isWholePiece: Array(repeating: true, count: tokens.count),
            added: (firstSpecial...lastSpecial).map { AddedToken(id: Int32($0), isSpecial: true) }
        )
    }
}
