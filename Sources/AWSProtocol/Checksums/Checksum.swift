import Crypto

/// A checksum of bytes that come piece by piece.
public struct Checksum: Sendable {
    /// Which checksum it is.
    public let algorithm: ChecksumAlgorithm
    private var state: State

    private enum State: Sendable {
        case cyclic(CyclicRedundancyCheck)
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
    }

    /// Begins with no bytes.
    public init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .crc32, .crc32c, .crc64nvme: state = .cyclic(CyclicRedundancyCheck(algorithm))
        case .sha1: state = .sha1(Insecure.SHA1())
        case .sha256: state = .sha256(SHA256())
        }
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) { update(bytes[...]) }

    /// Adds bytes.
    public mutating func update(_ bytes: ArraySlice<UInt8>) {
        switch state {
        case .cyclic(var cyclic):
            cyclic.update(bytes.span)
            state = .cyclic(cyclic)
        case .sha1(var hash):
            hash.update(data: bytes)
            state = .sha1(hash)
        case .sha256(var hash):
            hash.update(data: bytes)
            state = .sha256(hash)
        }
    }

    /// The checksum of all bytes so far, in network byte order; S3 writes it in base64.
    public func finish() -> [UInt8] {
        switch state {
        case .cyclic(let cyclic): ChecksumAlgorithm.bytes(cyclic.value, count: algorithm.byteCount)
        case .sha1(let hash): Array(hash.finalize())
        case .sha256(let hash): Array(hash.finalize())
        }
    }

    /// The checksum of bytes that are all there.
    public static func of(_ bytes: [UInt8], _ algorithm: ChecksumAlgorithm) -> [UInt8] {
        var checksum = Checksum(algorithm)
        checksum.update(bytes)
        return checksum.finish()
    }
}
