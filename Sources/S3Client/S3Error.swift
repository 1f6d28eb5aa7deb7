/// A request to S3 that failed: which permission it needed on what, and why it failed.
public struct S3Error: Error, Sendable, Equatable, CustomStringConvertible {
    /// Why a request failed.
    public enum Reason: Sendable, Equatable {
        /// S3 answered with an error.
        /// - Parameters:
        ///   - status: the HTTP status.
        ///   - code: S3's error code, or a name of the status when the answer had no body.
        ///   - message: S3's own words; may be empty.
        case refused(status: Int, code: String, message: String)
        /// The object is no longer the one that was listed.
        case objectChanged
        /// There are no credentials to sign with.
        case noCredentials(CredentialError)
        /// No connection, or none that lasts.
        case unreachable(String)
        /// Nothing, or next to nothing, came for so many seconds.
        case stalled(seconds: Int)
        /// The answer is not what S3's documentation promises.
        case unexpectedAnswer(String)
        /// More objects than the caller wants to know of.
        case tooManyObjects(limit: Int)
        /// The client was closed meanwhile.
        case closed
        /// The caller's task was cancelled.
        case cancelled
    }

    /// The IAM action that the request needed, `s3:GetObject` for instance.
    public let action: String
    /// The resource it was needed on, `arn:aws:s3:::bucket/key` for instance.
    public let resource: String
    /// Why it failed.
    public let reason: Reason
    /// Where the credentials came from; nil for requests that were not signed.
    public let credentialOrigin: String?

    /// Describes a failed request.
    public init(action: String, resource: String, reason: Reason, credentialOrigin: String? = nil) {
        self.action = action
        self.resource = resource
        self.reason = reason
        self.credentialOrigin = credentialOrigin
    }

    /// Whether the credentials, or their lack, are what was refused.
    public var isAccessDenied: Bool {
        switch reason {
        case .refused(let status, _, _): status == 401 || status == 403
        case .noCredentials: true
        default: false
        }
    }

    /// Whether the bucket or the object does not exist.
    public var isNotFound: Bool {
        if case .refused(404, _, _) = reason { true } else { false }
    }

    /// Which action on which resource, what happened, and what to do about it.
    public var description: String { "\(action) on \(resource): \(text)" }

    private var text: String {
        switch reason {
        case .refused(let status, let code, let message):
            let words = message.isEmpty ? "\(status) \(code)" : "\(status) \(code): \(message)"
            return remedy(status: status, code: code).map { "\(words); \($0)" } ?? words
        case .objectChanged:
            return "the object changed after it was listed; start again when nobody writes to it"
        case .noCredentials(let error):
            return error.description
        case .unreachable(let detail):
            return "no connection: \(detail); check the endpoint and the network"
        case .stalled(let seconds):
            return "the transfer stood still for \(seconds) s; check the network"
        case .unexpectedAnswer(let detail):
            return "the server's answer is not S3's: \(detail)"
        case .tooManyObjects(let limit):
            return "there are more than \(limit) objects; name a folder that holds the model alone"
        case .closed:
            return "the transfer was stopped"
        case .cancelled:
            return "the request was cancelled"
        }
    }

    private func remedy(status: Int, code: String) -> String? {
        let who = credentialOrigin.map { "the credentials from \($0)" }
        switch code {
        case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired":
            return who.map { "check \($0)" }
        case "RequestTimeTooSkewed":
            return "set this machine's clock"
        case "InvalidObjectState":
            return "restore the object from its archive first"
        case "NoSuchBucket":
            return "check the bucket's name and the endpoint"
        default:
            guard status == 401 || status == 403 else { return nil }
            return who.map { "check that \($0) may do this" } ?? "the request was anonymous: give credentials"
        }
    }
}
