/// Why a request's signature is not accepted. The texts are AWS's, fit for an answer: they hold no secret.
public enum SignatureError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Parts are missing or cannot be read; the text says which.
    case malformed(String)
    /// The credential's scope contradicts the request's date, or is not one of signature version 4.
    case scopeMismatch(String)
    /// The request was signed more than 15 minutes ago.
    case expired(String)
    /// The request was signed more than 15 minutes in the future.
    case notYetCurrent(String)
    /// A presigned address is used after its time; both in seconds since 1970.
    case presignedExpired(expiry: Int, now: Int)
    /// The signature is not the one that the secret gives.
    case wrongSignature
    /// `host` is not among the signed headers.
    case unsignedHost
    /// An `x-amz-` header of an S3 request is not among the signed headers; their names.
    case unsignedHeaders([String])
    /// A version or algorithm other than AWS4-HMAC-SHA256.
    case unsupportedVersion

    /// The text for an answer.
    public var description: String {
        switch self {
        case .malformed(let text), .scopeMismatch(let text), .expired(let text), .notYetCurrent(let text): text
        case .presignedExpired: "Request has expired"
        case .wrongSignature:
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                + "Access Key and signing method. Consult the service documentation for details."
        case .unsignedHost: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        case .unsignedHeaders(let names):
            "There were headers present in the request which were not signed: " + names.joined(separator: ", ")
        case .unsupportedVersion:
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        }
    }
}
