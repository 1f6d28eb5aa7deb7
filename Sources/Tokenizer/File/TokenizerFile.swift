import JSON

/// The parts of a tokenizer.json that matter here. The two large ones stay where they are in the document.
struct TokenizerFile {
    let bytes: [UInt8]
    private(set) var normalizer: JSONValue = .null
    private(set) var preTokenizer: JSONValue = .null
    private(set) var addedTokens: JSONValue = .null
    /// The members of `model` but for the large ones.
    private(set) var model = JSONObject()
    /// Where the value of `model.vocab` begins.
    private(set) var vocabOffset: Int?
    /// Where the value of `model.merges` begins.
    private(set) var mergesOffset: Int?

    /// Finds the parts of a document.
    init(_ bytes: [UInt8]) throws(TokenizerError) {
        guard (try? UTF8Span(validating: bytes.span)) != nil else {
            throw .invalidJSON(reason: "expected UTF-8", offset: 0)
        }
        self.bytes = bytes
        var cursor = JSONCursor(bytes)
        // Local: a closure must not capture the value that it initialises.
        var parts: [String: JSONValue] = [:]
        var model = JSONObject()
        var offsets: [String: Int] = [:]
        try cursor.object { (key, cursor) throws(TokenizerError) in
            switch key {
            case "normalizer", "pre_tokenizer", "added_tokens": parts[key] = try cursor.value()
            case "model": (model, offsets) = try Self.model(&cursor)
            default: try cursor.skip()
            }
        }
        guard cursor.peek() == 0, cursor.offset == bytes.count else { throw cursor.failure("the end of the document") }
        normalizer = parts["normalizer"] ?? .null
        preTokenizer = parts["pre_tokenizer"] ?? .null
        addedTokens = parts["added_tokens"] ?? .null
        self.model = model
        vocabOffset = offsets["vocab"]
        mergesOffset = offsets["merges"]
    }

    private static func model(
        _ cursor: inout JSONCursor
    ) throws(TokenizerError) -> (members: JSONObject, offsets: [String: Int]) {
        var members = JSONObject()
        var offsets: [String: Int] = [:]
        try cursor.object { (key, cursor) throws(TokenizerError) in
            if key == "vocab" || key == "merges" {
                offsets[key] = cursor.offset
                try cursor.skip()
            } else {
                members[key] = try cursor.value()
            }
        }
        return (members, offsets)
    }
}
