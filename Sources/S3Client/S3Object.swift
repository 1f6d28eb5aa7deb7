/// One version of an object, as a listing showed it.
public struct S3Object: Sendable, Equatable, CustomStringConvertible {
    /// The bucket that holds it.
    public let bucket: String
    /// Its key.
    public let key: String
    /// Its size in bytes.
    public let byteCount: Int
    /// Its entity tag with the quotes around it. Reads are pinned to it: they fail once the object has another.
    public let etag: String

    /// Describes a version of an object.
    /// - Parameter etag: with or without the quotes.
    public init(bucket: String, key: String, byteCount: Int, etag: String) {
        self.bucket = bucket
        self.key = key
        self.byteCount = byteCount
        self.etag = etag.utf8.last == UInt8(ascii: "\"") ? etag : "\"\(etag)\""
    }

    /// Whether both are the same bytes: strings that Unicode holds equal may be different keys.
    public static func == (left: S3Object, right: S3Object) -> Bool {
        left.bucket.utf8.elementsEqual(right.bucket.utf8) && left.key.utf8.elementsEqual(right.key.utf8)
            && left.byteCount == right.byteCount && left.etag.utf8.elementsEqual(right.etag.utf8)
    }

    /// `s3://bucket/key`.
    public var description: String { "s3://\(bucket)/\(key)" }
}
