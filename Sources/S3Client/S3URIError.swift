/// A text that is not an S3 URI of the form that imports take, and why.
public struct S3URIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong with it, in words.
    public let reason: String

    /// The reason, and what was expected.
    public var description: String { "not an S3 URI such as s3://bucket/folder/: \(reason)" }
}
