/// Why a key cannot be created or revoked.
public enum KeyStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name has other characters than IAM allows in a user's name, or is too long.
    case invalidName(String)
    /// Another key that is in use has the name.
    case nameTaken(String)
    /// No key that is in use has this id or name.
    case unknownKey(String)

    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .invalidName(let name):
            "'\(name)' is no name for a key: use 1 to 64 letters, digits and + = , . @ _ -"
        case .nameTaken(let name):
            "there is a key named '\(name)' already: choose another name, or revoke that one first"
        case .unknownKey(let text): "no key in use has the id or name '\(text)'"
        }
    }
}
