/// Who makes a request, and what they may do.
public struct Principal: Sendable, Equatable {
    /// What names the key for ever: its access key id, or a word for a key that was given on the command line.
    public let id: String
    /// What its operator calls it.
    public let name: String
    /// What it may do.
    public let policy: Policy

    /// A principal.
    public init(id: String, name: String, policy: Policy) {
        self.id = id
        self.name = name
        self.policy = policy
    }

    /// Whoever asks while no key is needed.
    public static let anonymous = Principal(id: "anonymous", name: "anonymous", policy: .full)

    /// Who shows one of the keys that were given on the command line.
    static func commandLine(_ index: Int) -> Principal {
        Principal(id: "command-line-\(index + 1)", name: "command-line", policy: .full)
    }
}
