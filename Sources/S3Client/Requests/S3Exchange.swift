import AsyncHTTPClient

/// A request and what its answer is for. It may be sent several times: `request` says what is still wanted.
protocol S3Exchange: Sendable {
    /// The next request to send.
    var request: S3Request { get }
    /// Bytes received for good; an attempt that fails after some of them is not counted like one that got nothing.
    var progress: Int { get }

    /// Takes in a good answer (a status of 2xx).
    /// - Parameter stall: how long next to nothing may come.
    mutating func receive(_ response: HTTPClientResponse, stall: Duration) async throws(AttemptError)
    /// What an error of the server means for this request; nil for what it says.
    func meaning(status: Int, code: String) -> S3Error.Reason?
}

/// What a request is, before the bucket's region and the time of day are known.
struct S3Request: Sendable {
    /// The operation, which with "s3:" before it is an IAM action.
    var operation: String
    /// The bucket.
    var bucket: String
    /// The key; nil for the bucket itself.
    var key: String?
    /// The query, not encoded.
    var query: [(String, String)] = []
    /// Header fields beside `host` and the signature's.
    var headers: [(String, String)] = []

    /// The IAM action that it needs.
    var action: String { operation == "ListObjectsV2" ? "s3:ListBucket" : "s3:\(operation)" }
    /// The resource that it needs it on.
    var resource: String { "arn:aws:s3:::\(bucket)" + (key.map { "/\($0)" } ?? "") }
}

/// Why one attempt failed.
enum AttemptError: Error, Sendable, Equatable {
    /// The next attempt may do better.
    case passing(S3Error.Reason)
    /// The next attempt would fail as well.
    case lasting(S3Error.Reason)
    /// The bucket is in another region.
    case otherRegion(String, S3Error.Reason)
    /// The keys are no longer valid.
    case expiredKeys(S3Credentials, S3Error.Reason)

    /// Classifies a request that got no whole answer.
    init(_ error: TransportError, stall: Duration) {
        switch error.kind {
        case .connection: self = .passing(.unreachable(error.text))
        case .timeout: self = .passing(.stalled(seconds: Int(stall.components.seconds)))
        case .cancelled: self = .lasting(.cancelled)
        case .lasting: self = .lasting(.unreachable(error.text))
        }
    }

    /// Why it failed.
    var reason: S3Error.Reason {
        switch self {
        case .passing(let reason), .lasting(let reason), .otherRegion(_, let reason), .expiredKeys(_, let reason):
            reason
        }
    }
}
