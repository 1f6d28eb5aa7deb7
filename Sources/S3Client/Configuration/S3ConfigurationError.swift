/// A setting of the S3 client that cannot be used: where it stands, and what is wrong with it.
public struct S3ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where it stands, in words ("AWS_ENDPOINT_URL", "profile dev of /root/.aws/config").
    public let place: String
    /// What is wrong, and what to change.
    public let reason: String

    /// Describes a setting that cannot be used.
    public init(place: String, reason: String) {
        self.place = place
        self.reason = reason
    }

    /// Place and reason.
    public var description: String { "\(place): \(reason)" }
}
