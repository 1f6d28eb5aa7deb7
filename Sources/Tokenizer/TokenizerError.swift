/// Why tokens could not be decoded or a tokenizer not be loaded.
public enum TokenizerError: Error, Sendable, Equatable {
    /// No token has this id.
    case invalidToken(Int)
    /// The file is no JSON document; where, in bytes from its beginning, and why.
    case invalidJSON(reason: String, offset: Int)
    /// A value of the file is missing or not as it must be. `path` says where, as in `model.merges`.
    case malformed(path: String, expected: String, found: String)
    /// The file is valid, but asks for something that this tokenizer does not do.
    case unsupported(path: String, expected: String, found: String)
}

extension TokenizerError: CustomStringConvertible {
    /// The error in a sentence.
    public var description: String {
        switch self {
        case .invalidToken(let id): "Invalid token for decoding: \(id)"
        case .invalidJSON(let reason, let offset): "tokenizer.json: invalid JSON at byte \(offset): \(reason)"
        case .malformed(let path, let expected, let found):
            "tokenizer.json: \(path) should be \(expected), found \(found)"
        case .unsupported(let path, let expected, let found):
            "tokenizer.json: \(path) is not supported: expected \(expected), found \(found); "
                + "use the tokenizer.json of the original model"
        }
    }
}
