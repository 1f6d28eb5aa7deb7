/// The checksums that S3 takes and gives; the raw value is S3's name.
public enum ChecksumAlgorithm: String, Sendable, CaseIterable {
    /// The CRC of Ethernet and zlib, 4 bytes.
    case crc32 = "CRC32"
    /// Castagnoli's CRC, 4 bytes.
    case crc32c = "CRC32C"
    /// NVMe's CRC, 8 bytes.
    case crc64nvme = "CRC64NVME"
    /// SHA-1, 20 bytes.
    case sha1 = "SHA1"
    /// SHA-256, 32 bytes.
    case sha256 = "SHA256"

    /// The header or trailer that carries it, in lower case, such as `x-amz-checksum-crc32`.
    public var headerName: String { "x-amz-checksum-" + rawValue.lowercased() }

    /// The element of S3's XML that carries it, such as `ChecksumCRC32`.
    public var elementName: String { "Checksum" + rawValue }

    /// Bytes of a value.
    public var byteCount: Int {
        switch self {
        case .crc32, .crc32c: 4
        case .crc64nvme: 8
        case .sha1: 20
        case .sha256: 32
        }
    }

    /// Whether the checksum of a whole follows from those of its parts: for the CRCs.
    public var isCombinable: Bool { self == .crc32 || self == .crc32c || self == .crc64nvme }

    /// The algorithm with a name in any case, such as `x-amz-sdk-checksum-algorithm` has.
    public init?(name: String) {
        self.init(rawValue: name.uppercased())
    }

    /// The algorithm of a header or trailer, its name in any case.
    public init?(headerName: String) {
        let name = SignableRequest.lowercased(headerName)
        guard let match = Self.allCases.first(where: { $0.headerName.utf8.elementsEqual(name) }) else { return nil }
        self = match
    }

    /// The checksum of two byte strings in a row from theirs and the second's length; nil for hashes and for values of
    /// the wrong size.
    public func combine(_ first: [UInt8], _ second: [UInt8], secondByteCount: Int) -> [UInt8]? {
        guard isCombinable, first.count == byteCount, second.count == byteCount, secondByteCount >= 0 else {
            return nil
        }
        let polynomial = CyclicRedundancyCheck.polynomial(self)
        let width = byteCount * 8
        let shifted = CyclicRedundancyCheck.multiply(
            Self.number(first),
            CyclicRedundancyCheck.power(ofBytes: secondByteCount, polynomial: polynomial, width: width),
            polynomial: polynomial, width: width)
        return Self.bytes(shifted ^ Self.number(second), count: byteCount)
    }

    /// The checksum of an object that was uploaded in parts, of type `COMPOSITE`: the checksum of the parts' checksums,
    /// and how many they are.
    public func composite(_ parts: [[UInt8]]) -> String {
        var checksum = Checksum(self)
        for part in parts { checksum.update(part) }
        return Base64.encode(checksum.finish()) + "-" + String(parts.count)
    }

    static func bytes(_ number: UInt64, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (count - 1 - $0))) }
    }

    private static func number(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
