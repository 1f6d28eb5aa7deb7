import HTTPTypes

extension HTTPField.Name {
    static let amzContentSHA256 = s3("x-amz-content-sha256")
    static let amzDecodedContentLength = s3("x-amz-decoded-content-length")
    static let amzTrailer = s3("x-amz-trailer")
    static let amzRequestID = s3("x-amz-request-id")
    static let amzID2 = s3("x-amz-id-2")
    static let amzChecksumMode = s3("x-amz-checksum-mode")
    static let amzChecksumType = s3("x-amz-checksum-type")
    static let amzChecksumAlgorithm = s3("x-amz-checksum-algorithm")
    static let amzSDKChecksumAlgorithm = s3("x-amz-sdk-checksum-algorithm")
    static let amzCopySource = s3("x-amz-copy-source")
    static let amzCopySourceRange = s3("x-amz-copy-source-range")
    static let amzCopySourceIfMatch = s3("x-amz-copy-source-if-match")
    static let amzCopySourceIfNoneMatch = s3("x-amz-copy-source-if-none-match")
    static let amzCopySourceIfModifiedSince = s3("x-amz-copy-source-if-modified-since")
    static let amzCopySourceIfUnmodifiedSince = s3("x-amz-copy-source-if-unmodified-since")
    static let amzMetadataDirective = s3("x-amz-metadata-directive")
    static let amzTaggingDirective = s3("x-amz-tagging-directive")
    static let amzTagging = s3("x-amz-tagging")
    static let amzTaggingCount = s3("x-amz-tagging-count")
    static let amzPartsCount = s3("x-amz-mp-parts-count")
    static let amzObjectSize = s3("x-amz-mp-object-size")
    static let amzBucketRegion = s3("x-amz-bucket-region")
    static let amzBucketObjectLock = s3("x-amz-bucket-object-lock-enabled")
    static let amzStorageClass = s3("x-amz-storage-class")
    static let amzACL = s3("x-amz-acl")
    static let contentMD5 = s3("content-md5")

    /// A name that is known to be one.
    static func s3(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is a valid field name") }
        return field
    }
}
