import JSON

extension TokenizerFile {
    /// The tokens of `model.vocab`, by id.
    struct Entries {
        /// The bytes of all tokens, in the order of the file.
        var bytes: [UInt8] = []
        /// Where each id's token is in `bytes`; empty if no token has this id.
        var ranges: [Range<Int>] = []
        /// Whether the token was written in the byte alphabet, and so may come from text.
        var isByteLevel: [Bool] = []

        /// Gives an id to the bytes from `start` on; false if it has another token already.
        mutating func set(_ id: Int, from start: Int, isByteLevel: Bool) -> Bool {
            if id >= ranges.count {
                // Ids come in order mostly: grow as an array does.
                ranges.append(contentsOf: repeatElement(0..<0, count: id + 1 - ranges.count))
                self.isByteLevel.append(contentsOf: repeatElement(false, count: id + 1 - self.isByteLevel.count))
            }
            if !ranges[id].isEmpty, !bytes[ranges[id]].elementsEqual(bytes[start...]) { return false }
            ranges[id] = start..<bytes.count
            self.isByteLevel[id] = isByteLevel
            return true
        }
    }

    /// Everything that a tokenizer needs.
    func vocabulary() throws(TokenizerError) -> Vocabulary {
        try checkModel()
        let pattern = try pattern()
        var entries = try entries()
        let added = try addTokens(to: &entries)
        var tokens = TokenBytes()
        tokens.reserve(tokens: entries.ranges.count, bytes: entries.bytes.count)
        for range in entries.ranges { tokens.append(entries.bytes[range]) }
        let byteTokens = try byteTokens(tokens, entries.isByteLevel)
        let pieces = PieceTable(tokens: tokens) { entries.isByteLevel[Int($0)] }
        let merges = MergeTable(try merges(pieces))
        var isWholePiece = entries.isByteLevel
        if model["ignore_merges"]?.boolValue != true {
            let tables = EncodingTables(pieces: pieces, merges: merges, byteTokens: byteTokens)
            for id in tokens.unreachable(tables) { isWholePiece[Int(id)] = false }
        }
        return Vocabulary(
            pattern: pattern, tokens: tokens, merges: merges, byteTokens: byteTokens, isWholePiece: isWholePiece,
            added: added)
    }

    private func entries() throws(TokenizerError) -> Entries {
        guard let vocabOffset else { throw missing("model.vocab", "an object of tokens and ids") }
        var cursor = JSONCursor(bytes, offset: vocabOffset)
        var entries = Entries()
        entries.bytes.reserveCapacity(bytes.count / 8)
        try cursor.list("{", "}") { (cursor) throws(TokenizerError) in
            let start = entries.bytes.count
            try cursor.string(into: &entries.bytes)
            let isByteLevel = ByteAlphabet.decode(&entries.bytes, from: start)
            try cursor.expect(":")
            let id = try checked(cursor.integer(), "model.vocab")
            if !entries.set(id, from: start, isByteLevel: isByteLevel) { throw twice(id, "model.vocab") }
        }
        return entries
    }

    /// Adds the added tokens to the others; one that is among these is no longer an ordinary token.
    private func addTokens(to entries: inout Entries) throws(TokenizerError) -> [Vocabulary.AddedToken] {
        var added: [Vocabulary.AddedToken] = []
        for token in addedTokens.arrayValue ?? [] {
            guard let content = token["content"]?.stringValue, let number = token["id"]?.intValue else {
                throw .malformed(
                    path: "added_tokens", expected: "objects with a string \"content\" and a number \"id\"",
                    found: String(token.serialized().prefix(200)))
            }
            for option in ["lstrip", "rstrip", "single_word"] where token[option]?.boolValue == true {
                throw .unsupported(path: "added_tokens: \(content): \(option)", expected: "false", found: "true")
            }
            if content.isEmpty { continue }
            let id = try checked(number, "added_tokens")
            let start = entries.bytes.count
            entries.bytes.append(contentsOf: content.utf8)
            if !entries.set(id, from: start, isByteLevel: false) { throw twice(id, "added_tokens") }
            added.append(.init(id: Int32(id), isSpecial: isSpecial(content, token["special"]?.boolValue)))
        }
        return added
    }

    /// A token that looks like a control token is one even if the file does not say so: text must never turn into it.
    private func isSpecial(_ content: String, _ flag: Bool?) -> Bool {
        flag == true || content.utf8.starts(with: "<|".utf8) && content.utf8.reversed().starts(with: ">|".utf8)
    }

    private func byteTokens(_ tokens: TokenBytes, _ isByteLevel: [Bool]) throws(TokenizerError) -> [Int32] {
        var byteTokens = [Int32](repeating: -1, count: 256)
        for id in 0..<Int32(tokens.count) where isByteLevel[Int(id)] {
            let range = tokens.range(of: id)
            if range.count == 1 { byteTokens[Int(tokens.bytes[range.lowerBound])] = id }
        }
        guard let byte = byteTokens.firstIndex(of: -1) else { return byteTokens }
        throw .malformed(path: "model.vocab", expected: "a token for each of the 256 bytes", found: "none for \(byte)")
    }

    private func checked(_ id: Int, _ path: String) throws(TokenizerError) -> Int {
        guard id >= 0, id < MergeTable.limit else {
            throw .malformed(path: path, expected: "ids from 0 to below \(MergeTable.limit)", found: "\(id)")
        }
        return id
    }

    private func twice(_ id: Int, _ path: String) -> TokenizerError {
        .malformed(path: path, expected: "one token for each id", found: "another for id \(id)")
    }

    func missing(_ path: String, _ expected: String) -> TokenizerError {
        .malformed(path: path, expected: expected, found: "nothing")
    }
}

extension TokenBytes {
    /// The tokens whose bytes merge into something else, so that no text becomes them.
    fileprivate func unreachable(_ tables: EncodingTables) -> [Int32] {
        var encoder = PieceEncoder(tables: tables)
        var unreachable: [Int32] = []
        let bytes = bytes.span
        for id in 0..<Int32(count) {
            let range = range(of: id)
            guard range.count > 1 else { continue }
            if encoder.merged(bytes.extracting(range)) != id { unreachable.append(id) }
        }
        return unreachable
    }
}
