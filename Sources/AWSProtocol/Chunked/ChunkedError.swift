/// Why a body in aws-chunked is not accepted.
public enum ChunkedError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It breaks the format; the text says where.
    case malformed(String)
    /// It ends early, or holds another number of bytes than `x-amz-decoded-content-length` says.
    case wrongLength(expected: Int, found: Int)
    /// A chunk's or the trailers' signature is not the one that the secret gives.
    case wrongSignature

    /// The text for an answer.
    public var description: String {
        switch self {
        case .malformed(let text): "The request's aws-chunked body is malformed: " + text
        case .wrongLength(let expected, let found):
            "You did not provide the number of bytes specified by the x-amz-decoded-content-length header: expected "
                + "\(expected), found \(found)"
        case .wrongSignature: SignatureError.wrongSignature.description
        }
    }
}
