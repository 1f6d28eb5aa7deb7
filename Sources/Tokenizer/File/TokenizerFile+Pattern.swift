import JSON

extension TokenizerFile {
    /// The split pattern, after a check that nothing else happens to text before it is merged.
    func pattern() throws(TokenizerError) -> SplitPattern {
        try checkNormalizer()
        switch preTokenizer["type"]?.stringValue {
        case "ByteLevel":
            return try pattern(steps: [preTokenizer])
        case "Sequence":
            guard let steps = preTokenizer["pretokenizers"]?.arrayValue else {
                throw .malformed(
                    path: "pre_tokenizer.pretokenizers", expected: "an array",
                    found: (preTokenizer["pretokenizers"] ?? .null).kindName)
            }
            return try pattern(steps: steps)
        default:
            throw unsupported("pre_tokenizer", "ByteLevel, or a Sequence of Split and ByteLevel", preTokenizer)
        }
    }

    private func checkNormalizer() throws(TokenizerError) {
        if normalizer.isNull || normalizer["normalizers"]?.arrayValue?.isEmpty == true { return }
        throw unsupported("normalizer", "null", normalizer)
    }

    /// The pattern of `[ByteLevel]` with GPT-2's own, or of `[Split, ByteLevel]`.
    private func pattern(steps: [JSONValue]) throws(TokenizerError) -> SplitPattern {
        guard let byteLevel = steps.last, byteLevel["type"]?.stringValue == "ByteLevel", steps.count <= 2 else {
            throw unsupported("pre_tokenizer.pretokenizers", "Split and ByteLevel", .array(steps))
        }
        if byteLevel["add_prefix_space"]?.boolValue == true {
            throw unsupported("pre_tokenizer: ByteLevel.add_prefix_space", "false", true)
        }
        let splitsItself = byteLevel["use_regex"]?.boolValue ?? true
        if steps.count == 1, splitsItself { return .gpt2 }
        guard let split = steps.first, steps.count == 2, split["type"]?.stringValue == "Split", !splitsItself else {
            throw unsupported("pre_tokenizer.pretokenizers", "Split, then ByteLevel without regex", .array(steps))
        }
        // Every pattern covers all of a text: keeping the matches and keeping all parts are the same.
        switch (split["behavior"]?.stringValue, split["invert"]?.boolValue ?? false) {
        case ("Isolated", false), ("Removed", true): break
        default:
            throw unsupported("pre_tokenizer: Split.behavior", "Isolated, not inverted", split["behavior"] ?? .null)
        }
        guard let text = split["pattern"]?["Regex"]?.stringValue else {
            throw unsupported("pre_tokenizer: Split.pattern", "a regular expression", split["pattern"] ?? .null)
        }
        guard let pattern = SplitPattern(regularExpression: text) else {
            throw unsupported("pre_tokenizer: Split.pattern", "that of o200k, cl100k or GPT-2", .string(text))
        }
        return pattern
    }

    /// Refuses the options of the model that would change how pieces become tokens.
    func checkModel() throws(TokenizerError) {
        let type = model["type"] ?? "BPE"
        guard type.stringValue == "BPE" else { throw unsupported("model.type", "BPE", type) }
        for option in ["continuing_subword_prefix", "end_of_word_suffix"] {
            let value = model[option] ?? .null
            guard value.isNull || value.stringValue?.isEmpty == true else {
                throw unsupported("model." + option, "none", value)
            }
        }
        if model["byte_fallback"]?.boolValue == true { throw unsupported("model.byte_fallback", "false", true) }
    }

    private func unsupported(_ path: String, _ expected: String, _ found: JSONValue) -> TokenizerError {
        .unsupported(path: path, expected: expected, found: String(found.serialized().prefix(400)))
    }
}
