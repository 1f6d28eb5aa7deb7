/// A place in an object store: `s3://bucket/prefix`.
public struct S3URI: Sendable, Hashable, CustomStringConvertible {
    /// The bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens.
    public let bucket: String
    /// What the keys begin with: empty, or ending in a slash.
    public let prefix: String
    /// The URI as it was written.
    public let description: String

    /// Reads a URI by Amazon Bedrock's rule for model sources; nil when it breaks it.
    ///
    /// The rule, checked by hand because a regular expression with such nesting can take for ever:
    /// `s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-z0-9A-Z]+(?:/[-!_*'().a-z0-9A-Z]+)*)?/?`, 1 to 1024 characters.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        let scheme = Array("s3://".utf8)
        guard bytes.count <= 1024, bytes.starts(with: scheme) else { return nil }
        var parts = bytes.dropFirst(scheme.count).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let bucket = parts.first, Self.isBucketName(bucket) else { return nil }
        parts.removeFirst()
        if parts.last?.isEmpty ?? false { parts.removeLast() }
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isPrefixByte) }) else { return nil }
        self.bucket = String(decoding: bucket, as: UTF8.self)
        prefix = parts.map { String(decoding: $0, as: UTF8.self) + "/" }.joined()
        description = text
    }

    private static func isBucketName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
        return isLowercaseOrDigit(first) && isLowercaseOrDigit(last)
            && bytes.allSatisfy { isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func isPrefixByte(_ byte: UInt8) -> Bool {
        isLowercaseOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || "-!_*'().".utf8.contains(byte)
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
