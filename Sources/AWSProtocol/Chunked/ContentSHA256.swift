/// What `x-amz-content-sha256` says of an S3 request's body.
public enum ContentSHA256: Sendable, Equatable {
    /// The body's SHA-256, 32 bytes.
    case hash([UInt8])
    /// Nothing is known of the body.
    case unsigned
    /// aws-chunked, with trailers.
    case unsignedChunks
    /// aws-chunked with a signature for each chunk.
    case signedChunks(trailers: Bool)

    /// Reads the header's value; nil if it is none of S3's.
    public init?(_ text: String) {
        switch text {
        case "UNSIGNED-PAYLOAD": self = .unsigned
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": self = .unsignedChunks
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": self = .signedChunks(trailers: false)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": self = .signedChunks(trailers: true)
        default:
            guard let hash = Hexadecimal.decode(text), hash.count == 32 else { return nil }
            self = .hash(hash)
        }
    }
}
