/// A place in S3: a bucket, and a key or the prefix of keys in it.
public struct S3URI: Sendable, Equatable, CustomStringConvertible {
    /// The most bytes a written URI may have (the `S3Uri` shape of Bedrock's service model).
    public static let maximumByteCount = 1024

    /// The bucket's name.
    public let bucket: String
    /// The key or prefix, without a slash before it; empty for the whole bucket.
    public let key: String

    /// Names a place whose parts are known to be good.
    public init(bucket: String, key: String = "") {
        self.bucket = bucket
        self.key = key
    }

    /// Reads `s3://bucket/some/prefix/` as Bedrock's service model constrains it:
    /// `s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-z0-9A-Z]+(?:/[-!_*'().a-z0-9A-Z]+)*)?/?`, in one pass over the
    /// bytes (the pattern itself takes exponential time in an engine that backtracks).
    /// - Throws: `S3URIError`, which says what is wrong where.
    public init(_ text: String) throws(S3URIError) {
        try self.init(bytes: Array(text.utf8.prefix(Self.maximumByteCount + 1)))
    }

    /// Reads a URI from bytes, for which the same holds.
    /// - Throws: `S3URIError`.
    public init(bytes: [UInt8]) throws(S3URIError) {
        let scheme = Array("s3://".utf8)
        guard bytes.count <= Self.maximumByteCount else {
            throw S3URIError(reason: "it has more than \(Self.maximumByteCount) bytes")
        }
        guard bytes.starts(with: scheme) else { throw S3URIError(reason: "it does not begin with s3://") }
        let rest = bytes[scheme.count...]
        let bucketEnd = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        try Self.check(bucket: rest[..<bucketEnd])
        let key = rest[bucketEnd...].dropFirst()
        try Self.check(key: key)
        self.bucket = String(decoding: rest[..<bucketEnd], as: UTF8.self)
        self.key = String(decoding: key, as: UTF8.self)
    }

    /// The prefix of the keys in the folder that this URI names: the key with a slash behind it, or nothing for the whole
    /// bucket. `s3://b/model` never means `model-2/config.json`.
    public var folderPrefix: String {
        key.isEmpty || key.utf8.last == UInt8(ascii: "/") ? key : key + "/"
    }

    /// `s3://bucket/key`.
    public var description: String { key.isEmpty ? "s3://\(bucket)" : "s3://\(bucket)/\(key)" }

    private static func check(bucket: ArraySlice<UInt8>) throws(S3URIError) {
        guard (3...63).contains(bucket.count) else {
            throw S3URIError(reason: "the bucket's name has \(bucket.count) characters, it must have 3 to 63")
        }
        let wrong = bucket.first { !isLowerOrDigit($0) && $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ".") }
        if let wrong {
            throw S3URIError(
                reason: "\(name(of: wrong)) in the bucket's name: it may hold a-z, 0-9, \"-\" and \".\"")
        }
        guard let first = bucket.first, let last = bucket.last, isLowerOrDigit(first), isLowerOrDigit(last) else {
            throw S3URIError(reason: "the bucket's name must begin and end with one of a-z and 0-9")
        }
    }

    private static func check(key: ArraySlice<UInt8>) throws(S3URIError) {
        var previous = UInt8(ascii: "/")
        for (position, byte) in key.enumerated() {
            if byte == UInt8(ascii: "/") {
                guard previous != byte else {
                    throw S3URIError(
                        reason: position == 0 ? "two slashes behind the bucket" : "two slashes behind each other")
                }
            } else if !isKeyByte(byte) {
                throw S3URIError(
                    reason: "\(name(of: byte)) in the prefix: it may hold a-z, A-Z, 0-9, \"/\" and any of -!_*'().")
            }
            previous = byte
        }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || "-!_*'().".utf8.contains(byte)
    }

    private static func name(of byte: UInt8) -> String {
        (0x21...0x7e).contains(byte) ? "\"\(Character(UnicodeScalar(byte)))\"" : "the byte \(byte)"
    }
}
