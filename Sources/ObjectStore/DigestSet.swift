import AWSProtocol
import Crypto

/// The digests of a body, computed while it is written.
struct DigestSet: Sendable {
    private var md5 = MD5Digest()
    private var sha256: SHA256?
    private var checksums: [Checksum]

    /// - Parameters:
    ///   - algorithms: of the checksums wanted beside the MD5.
    ///   - hashesContent: whether the SHA-256 is wanted that a signature covers.
    init(_ algorithms: Set<ChecksumAlgorithm>, hashesContent: Bool) {
        sha256 = hashesContent ? SHA256() : nil
        checksums = algorithms.map { Checksum($0) }
    }

    mutating func update(_ bytes: [UInt8]) {
        md5.update(bytes)
        sha256?.update(data: bytes)
        for index in checksums.indices { checksums[index].update(bytes) }
    }

    /// The digests of all bytes so far.
    func finish(byteCount: Int) -> BodyDigests {
        BodyDigests(
            byteCount: byteCount, md5: md5.finish(), contentSHA256: sha256.map { Array($0.finalize()) },
            checksums: Dictionary(
                checksums.map { ($0.algorithm, $0.finish()) }, uniquingKeysWith: { first, _ in first }))
    }
}

/// The length and digests of a body.
struct BodyDigests: Sendable {
    var byteCount: Int
    var md5: [UInt8]
    var contentSHA256: [UInt8]?
    var checksums: [ChecksumAlgorithm: [UInt8]]

    /// Compares the body with what the client says it is.
    /// - Throws: `ObjectStoreError.sizeMismatch`, `.digestMismatch`.
    func check(_ expected: ExpectedBody) throws(ObjectStoreError) {
        if let count = expected.byteCount, count != byteCount {
            throw .sizeMismatch(expected: count, found: byteCount)
        }
        try Self.compare(.contentSHA256, expected.contentSHA256, contentSHA256)
        try Self.compare(.md5, expected.md5, md5)
        for checksum in expected.checksums {
            try Self.compare(.checksum(checksum.algorithm), checksum.value, checksums[checksum.algorithm])
        }
    }

    private static func compare(
        _ kind: DigestKind, _ expected: [UInt8]?, _ found: [UInt8]?
    ) throws(ObjectStoreError) {
        guard let expected, expected != found else { return }
        throw .digestMismatch(kind, expected: expected, found: found ?? [])
    }
}

/// What a client says about a body, before, with or after it.
public struct ExpectedBody: Sendable, Equatable {
    /// A checksum that the client computed.
    public struct Checksum: Sendable, Equatable {
        /// How.
        public var algorithm: ChecksumAlgorithm
        /// Its bytes, big-endian.
        public var value: [UInt8]

        /// A checksum that the client computed.
        public init(_ algorithm: ChecksumAlgorithm, _ value: [UInt8]) {
            self.algorithm = algorithm
            self.value = value
        }
    }

    /// Bytes.
    public var byteCount: Int?
    /// The MD5.
    public var md5: [UInt8]?
    /// The SHA-256 that the request's signature covers.
    public var contentSHA256: [UInt8]?
    /// Checksums.
    public var checksums: [Checksum]

    /// Nothing but what is given.
    public init(
        byteCount: Int? = nil, md5: [UInt8]? = nil, contentSHA256: [UInt8]? = nil, checksums: [Checksum] = []
    ) {
        self.byteCount = byteCount
        self.md5 = md5
        self.contentSHA256 = contentSHA256
        self.checksums = checksums
    }
}
