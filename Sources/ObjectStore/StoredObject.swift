import AWSProtocol

/// What is known about an object without reading it.
public struct StoredObject: Sendable, Equatable {
    /// Its bucket's name.
    public let bucket: String
    /// Its key.
    public let key: ObjectKey
    /// Bytes.
    public let byteCount: Int
    /// The entity tag without quotes: the MD5 in hexadecimal, or `<MD5 of the parts' MD5s>-<parts>`.
    public let entityTag: String
    /// When it was stored, in seconds since 1970.
    public let modified: Int
    /// The checksum.
    public let checksum: StoredChecksum
    /// The parts' sizes; empty if it was stored whole.
    public let partSizes: [Int]
    /// Headers, user metadata and tags.
    public let attributes: ObjectAttributes
    /// The name of its file.
    let file: String
}

/// An object's checksum.
public struct StoredChecksum: Sendable, Equatable {
    /// How it was computed.
    public let algorithm: ChecksumAlgorithm
    /// What of.
    public let type: ChecksumType
    /// Its bytes, big-endian, in base64; a composite is followed by `-<parts>`.
    public let value: String
}

/// A multipart upload that is neither completed nor aborted.
public struct MultipartUpload: Sendable, Equatable {
    /// Its id: letters and digits.
    public let id: String
    /// The object's bucket.
    public let bucket: String
    /// The object's key.
    public let key: ObjectKey
    /// When it was begun, in seconds since 1970.
    public let initiated: Int
    /// The checksum algorithm that the client chose; nil if it chose none.
    public let chosenAlgorithm: ChecksumAlgorithm?
    /// What the object's checksum will be of.
    public let checksumType: ChecksumType
    /// What will be stored with the object.
    public let attributes: ObjectAttributes

    /// The algorithm of the object's checksum: without a choice that of Amazon S3, which the parts' checksums combine to.
    var algorithm: ChecksumAlgorithm { chosenAlgorithm ?? .crc64nvme }
}

/// A part of a multipart upload.
public struct StoredPart: Sendable, Equatable {
    /// 1 to 10,000.
    public let number: Int
    /// Bytes.
    public let byteCount: Int
    /// The MD5 in hexadecimal.
    public let entityTag: String
    /// The checksum of the upload's algorithm.
    public let checksum: [UInt8]
    /// When it was stored, in seconds since 1970.
    public let modified: Int
    /// The name of its file.
    let file: String
}

/// A part as the completion of an upload names it.
public struct PartReference: Sendable, Equatable {
    /// 1 to 10,000.
    public var number: Int
    /// Its entity tag without quotes.
    public var entityTag: String
    /// Its checksum, compared if it is of the upload's algorithm.
    public var checksum: [UInt8]?

    /// A part to take.
    public init(number: Int, entityTag: String, checksum: [UInt8]? = nil) {
        self.number = number
        self.entityTag = entityTag
        self.checksum = checksum
    }
}

/// What must be so for an object to be stored or replaced.
public enum WriteCondition: Sendable, Equatable {
    /// Anything may be there.
    case none
    /// Nothing may be there (`If-None-Match: *`).
    case absent
    /// The object with this entity tag, without quotes, must be there (`If-Match`).
    case matches(String)
}
