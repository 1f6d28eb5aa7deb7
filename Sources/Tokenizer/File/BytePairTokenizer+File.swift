extension BytePairTokenizer {
    /// Reads a tokenizer.json with a byte-level BPE model: `vocab`, `merges` (and `ignore_merges`) and `added_tokens`, split
    /// by the pattern of o200k, cl100k or GPT-2. Its post-processor and decoder do not matter here: no tokens are added
    /// around a text, and decoding is always that of bytes.
    ///
    /// - Throws: `TokenizerError` for what is not valid or not supported.
    public convenience init(tokenizerJSON bytes: [UInt8]) throws(TokenizerError) {
        self.init(try TokenizerFile(bytes).vocabulary())
    }

    /// Reads bytes as a tokenizer.json and uses the result, if any. Must never trap.
    package static func fuzzFile(_ bytes: [UInt8]) {
        guard let tokenizer = try? BytePairTokenizer(tokenizerJSON: bytes) else { return }
        tokenizer.fuzzText(Array("Hello <|end|> \u{1F600} 123".utf8))
    }

    /// Encodes bytes as text, decodes the tokens whole and one by one. Must never trap, and return the same text; false if
    /// it does not.
    @discardableResult package func fuzzText(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let ids = encodeOrdinary(utf8: bytes)
        var stream = StreamingDetokenizer(self)
        let streamed = ids.map { stream.append($0) }.joined() + stream.finish()
        let special = encode(text, allowedSpecial: .all)
        return [try? decode(ids), try? decode(special), Array(streamed.utf8)].allSatisfy { $0 == Array(text.utf8) }
    }
}
