/// A bucket: a name for a set of objects.
public struct Bucket: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// When it was created, in seconds since 1970.
    public let created: Int

    /// Checks a name for a new bucket against the rules of Amazon S3: 3 to 63 lower-case letters, digits, dots and hyphens,
    /// a letter or digit at both ends, no two dots in a row, not of an IP address's form, none of the reserved beginnings
    /// and endings.
    ///
    /// Source: "General purpose bucket naming rules" in the Amazon S3 User Guide.
    /// - Throws: `ObjectStoreError.invalidBucketName`.
    public static func check(name: String) throws(ObjectStoreError) {
        if let reason = fault(in: Array(name.utf8)) { throw .invalidBucketName(name, reason: reason) }
    }

    private static func fault(in name: [UInt8]) -> String? {
        guard (3...63).contains(name.count) else { return "it must have 3 to 63 characters" }
        let dot = UInt8(ascii: "."), hyphen = UInt8(ascii: "-")
        guard name.allSatisfy({ isAlphanumeric($0) || $0 == dot || $0 == hyphen }) else {
            return "it may hold lower-case letters, digits, dots and hyphens only"
        }
        guard let first = name.first, let last = name.last, isAlphanumeric(first), isAlphanumeric(last) else {
            return "it must begin and end with a letter or digit"
        }
        guard !zip(name, name.dropFirst()).contains(where: { $0 == dot && $1 == dot }) else {
            return "it may not have two dots in a row"
        }
        let parts = name.split(separator: dot, omittingEmptySubsequences: false)
        guard parts.count != 4 || !parts.allSatisfy(isNumber) else { return "it may not look like an IP address" }
        for prefix in ["xn--", "sthree-"] where name.starts(with: prefix.utf8) {
            return "it may not begin with \(prefix)"
        }
        for suffix in ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
        where name.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) {
            return "it may not end with \(suffix)"
        }
        return nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isNumber(_ part: ArraySlice<UInt8>) -> Bool {
        (1...3).contains(part.count) && part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
