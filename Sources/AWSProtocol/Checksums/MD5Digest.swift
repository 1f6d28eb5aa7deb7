import Crypto

/// MD5 of bytes that come piece by piece: S3's entity tags and `Content-MD5`; it protects nothing.
public struct MD5Digest: Sendable {
    private var hash = Insecure.MD5()

    /// Begins with no bytes.
    public init() {}

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) { hash.update(data: bytes) }

    /// Adds bytes.
    public mutating func update(_ bytes: ArraySlice<UInt8>) { hash.update(data: bytes) }

    /// The 16 bytes of all so far.
    public func finish() -> [UInt8] { Array(hash.finalize()) }

    /// The digest of bytes that are all there.
    public static func of(_ bytes: [UInt8]) -> [UInt8] { Array(Insecure.MD5.hash(data: bytes)) }
}
