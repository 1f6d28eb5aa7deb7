/// The header of a safetensors file: which tensors it holds and where.
///
/// Format: 8 bytes with the header's length (little-endian), the header (a JSON object), the data. Tensors lie end to
/// end in the data, without holes. Source: the safetensors README, section "Format".
public struct SafetensorsHeader: Sendable, Equatable {
    /// The longest header that the format allows, in bytes.
    public static let byteCountLimit = 100_000_000

    /// The `__metadata__` entries in file order.
    public let metadata: [(key: String, value: String)]
    /// The tensors in the order of their bytes.
    public let tensors: [TensorInfo]
    /// Where the data begins, in bytes from the start of the file.
    public let dataOffset: Int
    /// Names whose entries are wrong, so that they are not among `tensors`.
    var rejectedNames: Set<[UInt8]> = []

    /// The value of a `__metadata__` entry.
    public func metadata(_ key: String) -> String? {
        metadata.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// Two headers are equal when they describe the same tensors with the same metadata.
    public static func == (left: SafetensorsHeader, right: SafetensorsHeader) -> Bool {
        left.dataOffset == right.dataOffset && left.tensors == right.tensors
            && left.metadata.elementsEqual(right.metadata) { $0.key == $1.key && $0.value == $1.value }
    }

    /// The header's length in bytes as the first 8 bytes of a file give it, checked against the file's size.
    public static func headerByteCount(prefix: [UInt8], fileByteCount: Int, path: String) -> Result<Int, FindingList> {
        guard fileByteCount >= 8, prefix.count >= 8 else {
            return .failure(
                .one(
                    Finding(
                        .headerTruncated, path: path, byteOffset: 0,
                        "the file has \(fileByteCount) bytes, a safetensors file starts with 8 bytes of length",
                        remedy: Self.downloadAgain)))
        }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(prefix[$1]) << (8 * UInt64($1)) }
        guard length <= UInt64(byteCountLimit) else {
            return .failure(
                .one(
                    Finding(
                        .headerTooLarge, path: path, byteOffset: 0,
                        "the first 8 bytes give a header of \(length) bytes, the format allows \(byteCountLimit)",
                        remedy: "This is not a safetensors file or its start is damaged. " + Self.downloadAgain)))
        }
        guard Int(length) <= fileByteCount - 8 else {
            return .failure(
                .one(
                    Finding(
                        .headerTruncated, path: path, byteOffset: 8,
                        "the header has \(length) bytes, the file only \(fileByteCount - 8) after its length",
                        remedy: Self.downloadAgain)))
        }
        return .success(Int(length))
    }

    static let downloadAgain = "Copy or download the file again"

    /// Parses the start of a file: its 8 bytes of length and the whole header.
    ///
    /// Never traps, whatever the bytes are. All findings are reported, not only the first; a header that describes at
    /// least one tensor correctly is returned beside them, without the tensors that are wrong.
    /// - Parameters:
    ///   - bytes: the file's first 8 bytes and header, possibly more.
    ///   - fileByteCount: size of the whole file.
    ///   - path: for the findings.
    public static func parse(
        _ bytes: [UInt8], fileByteCount: Int, path: String
    ) -> (header: SafetensorsHeader?, findings: [Finding]) {
        let length: Int
        switch headerByteCount(prefix: bytes, fileByteCount: fileByteCount, path: path) {
        case .success(let value): length = value
        case .failure(let list): return (nil, list.findings)
        }
        guard bytes.count - 8 >= length else {
            return (
                nil,
                [
                    Finding(
                        .headerTruncated, path: path, byteOffset: bytes.count,
                        "the header has \(length) bytes, \(max(bytes.count - 8, 0)) could be read",
                        remedy: downloadAgain)
                ]
            )
        }
        var parser = HeaderParser(path: path, dataOffset: 8 + length, fileByteCount: fileByteCount)
        return parser.parse(bytes, 8..<8 + length)
    }
}

/// Several findings as one error.
public struct FindingList: Error, Sendable, Equatable {
    /// The findings.
    public let findings: [Finding]

    static func one(_ finding: Finding) -> FindingList { FindingList(findings: [finding]) }
}
