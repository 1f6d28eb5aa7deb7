/// One of the places where keys come from.
protocol CredentialProvider: Sendable {
    /// The place in words, for error messages: "the environment".
    var origin: String { get }

    /// Gets keys that are valid now.
    /// - Parameter transport: for places that are asked over HTTP.
    func load(_ transport: HTTPTransport) async throws(CredentialError) -> S3Credentials
}

extension CredentialProvider {
    /// Says that this place has no keys.
    func failure(_ reason: String) -> CredentialError { CredentialError(origin: origin, reason: reason) }
}

/// Keys that are written down somewhere.
struct FixedCredentials: CredentialProvider {
    let origin: String
    let credentials: S3Credentials

    func load(_ transport: HTTPTransport) async throws(CredentialError) -> S3Credentials { credentials }
}

/// The end of the chain, where instance metadata are switched off.
struct NoCredentials: CredentialProvider {
    let origin = "the environment and the shared files"

    func load(_ transport: HTTPTransport) async throws(CredentialError) -> S3Credentials {
        throw failure("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
    }
}
