import AWSProtocol
import OutcropNumerics

/// Why the object store refused or could not do something. Nothing is left behind in any of these cases.
public enum ObjectStoreError: Error, Sendable, Equatable {
    /// No bucket has this name.
    case noSuchBucket(String)
    /// A bucket of this name exists already.
    case bucketExists(String)
    /// A bucket that still holds objects cannot be deleted.
    case bucketNotEmpty(String)
    /// The name breaks a rule of bucket names, which `reason` states.
    case invalidBucketName(String, reason: String)
    /// The bucket holds no object with this key.
    case noSuchKey(bucket: String, key: ObjectKey)
    /// The key is empty, holds NUL or is not UTF-8; `reason` says which.
    case invalidKey(reason: String)
    /// The key has more than `ObjectKey.maximumByteCount` bytes.
    case keyTooLong(byteCount: Int)
    /// No multipart upload of this key has this id: it never had, was completed or was aborted.
    case noSuchUpload(String)
    /// Part numbers are 1 to 10,000.
    case invalidPartNumber(Int)
    /// A part of the list was not uploaded, or its digest is another one.
    case invalidPart(number: Int)
    /// The list of parts is not in ascending order, or names a part twice.
    case invalidPartOrder
    /// A part that is not the last has fewer bytes than `minimum`.
    case partTooSmall(number: Int, byteCount: Int, minimum: Int)
    /// The body has another digest than the client said.
    case digestMismatch(DigestKind, expected: [UInt8], found: [UInt8])
    /// The body has another number of bytes than announced.
    case sizeMismatch(expected: Int, found: Int)
    /// The body has more bytes than an object or part may have.
    case tooLarge(limit: Int)
    /// The upload was begun with one checksum algorithm and used with another.
    case checksumAlgorithmMismatch(expected: ChecksumAlgorithm, found: ChecksumAlgorithm)
    /// The state of the object is not the one that the request demands.
    case preconditionFailed(Precondition)
    /// Headers, user metadata or tags that cannot be stored; `reason` says why.
    case invalidAttributes(reason: String)
    /// User metadata has more bytes than `limit`.
    case metadataTooLarge(byteCount: Int, limit: Int)
    /// The disk or the quota is full.
    case outOfSpace
    /// An object's file is missing or has another length than its record says.
    case damaged(bucket: String, key: ObjectKey, reason: String)
    /// A file could not be read or written.
    case file(FileError)
    /// The index could not be read or written; `reason` is SQLite's.
    case index(reason: String)

    /// A condition of a request on the object that is there.
    public enum Precondition: Sendable, Equatable {
        /// No object with this key may exist.
        case absent
        /// The object must exist with this entity tag.
        case matches
    }
}

extension ObjectStoreError: CustomStringConvertible {
    /// What was expected, what was found.
    public var description: String {
        switch self {
        case .noSuchBucket(let name): "there is no bucket \(name)"
        case .bucketExists(let name): "the bucket \(name) exists already"
        case .bucketNotEmpty(let name): "the bucket \(name) holds objects; delete them first"
        case .invalidBucketName(let name, let reason): "\(name) is no bucket name: \(reason)"
        case .noSuchKey(let bucket, let key): "the bucket \(bucket) holds no object \(key)"
        case .invalidKey(let reason): "this is no object key: \(reason)"
        case .keyTooLong(let count):
            "the key has \(count) bytes; at most \(ObjectKey.maximumByteCount) are possible"
        case .noSuchUpload(let id): "there is no multipart upload \(id)"
        case .invalidPartNumber(let number): "part numbers are 1 to 10000, not \(number)"
        case .invalidPart(let number): "part \(number) was not uploaded, or has another entity tag or checksum"
        case .invalidPartOrder: "the list of parts is not in ascending order"
        case .partTooSmall(let number, let count, let minimum):
            "part \(number) has \(count) bytes; all but the last need \(minimum)"
        case .digestMismatch(let kind, _, _): "the body's \(kind) is not the one given with the request"
        case .sizeMismatch(let expected, let found): "the body has \(found) bytes instead of \(expected)"
        case .tooLarge(let limit): "the body has more than \(limit) bytes"
        case .checksumAlgorithmMismatch(let expected, let found):
            "the upload uses \(expected.rawValue) checksums, not \(found.rawValue)"
        case .preconditionFailed(.absent): "an object with this key exists already"
        case .preconditionFailed(.matches): "the object is not the one with the given entity tag"
        case .invalidAttributes(let reason): reason
        case .metadataTooLarge(let count, let limit): "user metadata has \(count) bytes; at most \(limit) are possible"
        case .outOfSpace: "no space is left on the object store's disk"
        case .damaged(let bucket, let key, let reason): "the object \(key) in \(bucket) is damaged: \(reason)"
        case .file(let error): error.description
        case .index(let reason): "the object store's index failed: \(reason)"
        }
    }
}

/// A digest that a client may give with a body.
public enum DigestKind: Sendable, Equatable, CustomStringConvertible {
    /// `Content-MD5`.
    case md5
    /// `x-amz-content-sha256`: the digest that the request's signature covers.
    case contentSHA256
    /// `x-amz-checksum-...`, in a header or trailer.
    case checksum(ChecksumAlgorithm)

    /// Its name.
    public var description: String {
        switch self {
        case .md5: "MD5"
        case .contentSHA256: "SHA-256 of the signature"
        case .checksum(let algorithm): algorithm.rawValue
        }
    }
}
