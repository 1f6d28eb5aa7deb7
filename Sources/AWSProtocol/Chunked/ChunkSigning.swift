import Crypto

/// What the chunks of an upload are signed with: each signature covers the one before it, the first the request's own.
public struct ChunkSigning: Sendable {
    private let key: SigningKey
    private let scope: String
    private let date: String
    private var previous: String

    /// Begins with the signature of the request's header, whose scope and time all chunks share. `timestamp` is in seconds since
    /// 1970.
    public init(key: SigningKey, scope: String, timestamp: Int, seed: String) {
        self.key = key
        self.scope = scope
        date = DateText.basic(timestamp)
        previous = seed
    }

    /// The signature of the next chunk, from the SHA-256 of its bytes.
    public mutating func signChunk(hash: [UInt8]) -> String {
        sign([
            "AWS4-HMAC-SHA256-PAYLOAD", date, scope, previous, RequestSigner.emptyPayloadHash, Hexadecimal.encode(hash),
        ])
    }

    /// The signature of the trailers, from the SHA-256 of their lines `name:value\n`.
    public mutating func signTrailers(hash: [UInt8]) -> String {
        sign(["AWS4-HMAC-SHA256-TRAILER", date, scope, previous, Hexadecimal.encode(hash)])
    }

    private mutating func sign(_ lines: [String]) -> String {
        previous = Hexadecimal.encode(key.sign(lines.joined(separator: "\n")))
        return previous
    }
}

extension RequestSignature {
    /// What the chunks of this request's body are signed with.
    public func chunkSigning(secret: String) -> ChunkSigning {
        ChunkSigning(key: signingKey(secret: secret), scope: scope, timestamp: timestamp, seed: signature)
    }
}
