/// What a tokenizer is made of, wherever it was read from.
struct Vocabulary {
    /// A token that is recognised as a whole in text before that is split.
    struct AddedToken {
        let id: Int32
        /// Whether it is recognised only when allowed by name.
        let isSpecial: Bool
    }

    /// How text is split into pieces.
    var pattern: SplitPattern
    /// The bytes of all tokens, the added ones included.
    var tokens: TokenBytes
    /// The merges.
    var merges: MergeTable
    /// The token of each of the 256 bytes.
    var byteTokens: [Int32]
    /// Whether a piece with the bytes of this token becomes this token, by id.
    var isWholePiece: [Bool]
    /// The added tokens. Each is in `tokens`.
    var added: [AddedToken]
}
