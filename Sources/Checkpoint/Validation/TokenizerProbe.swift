/// What the validator wants to know of a tokenizer.json, read without building its vocabulary.
struct TokenizerProbe: Equatable {
    /// The model's type, "BPE" for byte-level BPE.
    var modelType: String?
    /// The largest token id, added tokens included; -1 when there is none.
    var largestID = -1

    /// Reads a tokenizer.json; never traps, whatever the bytes are.
    static func read(_ bytes: [UInt8]) throws(JSONScanner.Failure) -> TokenizerProbe {
        var probe = TokenizerProbe()
        var scanner = JSONScanner(bytes, 0..<bytes.count)
        try scanner.object { (scanner, key, _) throws(JSONScanner.Failure) in
            switch key {
            case "model": try probe.readModel(&scanner)
            case "added_tokens": try probe.readAddedTokens(&scanner)
            default: try scanner.skipValue()
            }
        }
        return probe
    }

    private mutating func readModel(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) {
        try scanner.object { (scanner, key, _) throws(JSONScanner.Failure) in
            switch key {
            case "type": modelType = try scanner.string()
            // Unigram models hold a list here; their type is reported.
            case "vocab" where scanner.peek() == UInt8(ascii: "{"):
                try scanner.object { (scanner, _, _) throws(JSONScanner.Failure) in
                    largestID = max(largestID, try scanner.integer())
                }
            default: try scanner.skipValue()
            }
        }
    }

    private mutating func readAddedTokens(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) {
        try scanner.array { (scanner) throws(JSONScanner.Failure) in
            try scanner.object { (scanner, key, _) throws(JSONScanner.Failure) in
                if key == "id" {
                    largestID = max(largestID, try scanner.integer())
                } else {
                    try scanner.skipValue()
                }
            }
        }
    }
}
