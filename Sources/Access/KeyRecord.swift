import Foundation

/// What is known of a key without its secrets.
public struct KeyRecord: Sendable, Equatable {
    /// The access key id.
    public let id: String
    /// What its operator calls it.
    public let name: String
    /// The policy's text as it was given; nil for a key that may do everything.
    public let policy: String?
    /// When it was created.
    public let created: Date
    /// When it was revoked; nil while it is in use.
    public let revoked: Date?
}

/// A new key with its secrets, which are shown this once.
public struct IssuedKey: Sendable, Equatable {
    /// What is kept of it.
    public let record: KeyRecord
    /// What clients sign requests with: 40 characters.
    public let secretAccessKey: String
    /// What clients send as `Authorization: Bearer`: an OpenAI API key and a Bedrock API key at once.
    public let bearerKey: String

    /// The access key id: 20 capital letters and digits.
    public var accessKeyID: String { record.id }
}
