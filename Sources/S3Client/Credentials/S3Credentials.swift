/// Keys to sign requests with.
public struct S3Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The public half of the keys.
    public let accessKeyID: String
    /// The secret half.
    public let secretAccessKey: String
    /// What comes with keys that were lent; nil for keys that last.
    public let sessionToken: String?
    /// When they stop being valid, in seconds since 1970; nil for never.
    public let expiration: Int?

    /// Describes keys.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Int? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }

    /// The public half alone.
    public var description: String { "access key \(accessKeyID)" }

    /// The public half alone.
    public var debugDescription: String { description }
}
