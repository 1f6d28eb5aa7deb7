/// Credentials that could not be had: from where, and why.
public struct CredentialError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where they were to come from, in words ("the environment", "the profile dev of /root/.aws/config").
    public let origin: String
    /// Why there are none.
    public let reason: String

    /// Describes credentials that could not be had.
    public init(origin: String, reason: String) {
        self.origin = origin
        self.reason = reason
    }

    /// From where, and why not.
    public var description: String { "no credentials from \(origin): \(reason)" }
}
