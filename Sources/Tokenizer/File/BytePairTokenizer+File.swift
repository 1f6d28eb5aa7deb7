extension BytePairTokenizer {
    /// Reads a tokenizer.json with a byte-level BPE model: `vocab`, `merges` (and `ignore_merges`) and `added_tokens`, split
    /// by the pattern of o200k, cl100k or GPT-2. Its post-processor and decoder do not matter here: no tokens are added
    /// around a text, and decoding is always that of bytes.
    ///
    /// - Throws: `TokenizerError` for what is not valid or not supported.
    public convenience init(tokenizerJSON bytes: [UInt8]) throws(TokenizerError) {
        self.init(try TokenizerFile(bytes).vocabulary())
    }

    /// Reads outside bytes as a tokenizer.json and uses the result, if any. Must never trap; for fuzzing.
    package static func fuzz(_ bytes: [UInt8]) {
        guard let tokenizer = try? BytePairTokenizer(tokenizerJSON: bytes) else { return }
        let ids = tokenizer.encode("Hello <|end|> \u{1F600}", allowedSpecial: .all)
        _ = try? tokenizer.decode(ids)
    }
}
