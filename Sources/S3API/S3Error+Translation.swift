import APISupport
import AWSProtocol
import ObjectStore

extension S3Error {
    /// How an error of any kind is worded. What is not known is an internal error, whose text stays inside.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as S3Error: error
            case let error as LocatedError: S3Error(error.error).with("Resource", error.resource)
            case let error as ObjectStoreError: S3Error(store: error)
            case let error as RequestError: S3Error(request: error)
            case let error as ChunkedError: S3Error(chunked: error)
            case is XMLError: S3Error(.malformedXML)
            case is ClientGone: S3Error(.clientClosedRequest)
            case is CancellationError: S3Error(.serviceUnavailable, "The server is shutting down. Please try again.")
            default: S3Error(.internalError)
            }
    }

    private init(store error: ObjectStoreError) {
        switch error {
        case .noSuchBucket(let name): self = S3Error(.noSuchBucket).with("BucketName", name)
        case .bucketExists(let name): self = S3Error(.bucketAlreadyOwnedByYou).with("BucketName", name)
        case .bucketNotEmpty(let name): self = S3Error(.bucketNotEmpty).with("BucketName", name)
        case .invalidBucketName(let name, let reason):
            self = S3Error(.invalidBucketName, "The specified bucket is not valid: \(reason).").with("BucketName", name)
        case .noSuchKey(_, let key): self = S3Error(.noSuchKey).with("Key", key.description)
        case .invalidKey(let reason): self.init(.invalidURI, "Couldn't parse the specified URI: \(reason).")
        case .keyTooLong(let count):
            self = S3Error(.keyTooLong).with("Size", "\(count)")
                .with("MaxSizeAllowed", "\(ObjectKey.maximumByteCount)")
        case .noSuchUpload(let id): self = S3Error(.noSuchUpload).with("UploadId", id)
        case .invalidPartNumber:
            self.init(.invalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
        case .invalidPart(let number): self = S3Error(.invalidPart).with("PartNumber", "\(number)")
        case .invalidPartOrder: self.init(.invalidPartOrder)
        case .partTooSmall(let number, let count, let minimum):
            self = S3Error(.entityTooSmall).with("ProposedSize", "\(count)").with("MinSizeAllowed", "\(minimum)")
                .with("PartNumber", "\(number)")
        case .digestMismatch(let kind, _, _): self.init(digest: kind)
        case .sizeMismatch: self.init(.incompleteBody)
        case .tooLarge(let limit): self = S3Error(.entityTooLarge).with("MaxSizeAllowed", "\(limit)")
        case .checksumAlgorithmMismatch(let expected, let found):
            self.init(
                .invalidRequest,
                "Checksum Type mismatch occurred, expected checksum Type: \(expected.rawValue.lowercased()), actual checksum "
                    + "Type: \(found.rawValue.lowercased())")
        case .preconditionFailed: self.init(.preconditionFailed)
        case .invalidAttributes(let reason): self.init(.invalidArgument, reason)
        case .metadataTooLarge(let count, let limit):
            self = S3Error(.metadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size")
                .with("Size", "\(count)").with("MaxSizeAllowed", "\(limit)")
        case .outOfSpace: self.init(.outOfSpace)
        case .damaged, .file, .index: self.init(.internalError)
        }
    }

    private init(digest kind: DigestKind) {
        switch kind {
        case .md5: self.init(.badDigest, "The Content-MD5 you specified did not match what we received.")
        case .contentSHA256: self.init(.contentSHA256Mismatch)
        case .checksum(let algorithm):
            self.init(.badDigest, "The \(algorithm.rawValue) you specified did not match the calculated checksum.")
        }
    }

    private init(request error: RequestError) {
        switch error {
        case .unauthenticated(let failure): self.init(authentication: failure)
        case .forbidden(let caller, let action, let resource):
            self.init(
                .accessDenied,
                "User: \(caller) is not authorized to perform: \(action) on resource: \"\(resource)\" because no "
                    + "identity-based policy allows the \(action) action")
        case .foreignOrigin: self.init(.accessDenied)
        case .bodyTooLarge(let limit): self = S3Error(.entityTooLarge).with("MaxSizeAllowed", "\(limit)")
        case .shuttingDown: self.init(.serviceUnavailable, "The server is shutting down. Please try again.")
        case .unknownRoute, .wrongMethod: self.init(.methodNotAllowed)
        }
    }

    private init(authentication failure: AuthenticationFailure) {
        switch failure {
        case .nothingOffered, .unknownKey: self.init(.accessDenied)
        case .unknownAccessKey(let id): self = S3Error(.invalidAccessKeyID).with("AWSAccessKeyId", id)
        case .wrongSignature: self.init(.signatureDoesNotMatch)
        case .bodyMismatch: self.init(.contentSHA256Mismatch)
        case .malformed(let message): self.init(.authorizationHeaderMalformed, message)
        case .malformedQuery(let message): self.init(.authorizationQueryParameters, message)
        case .unsignedHeaders(let message): self.init(.accessDenied, message)
        case .outsideValidity(.presignedExpired, let message): self.init(.accessDenied, message)
        case .outsideValidity: self.init(.requestTimeTooSkewed)
        }
    }

    private init(chunked error: ChunkedError) {
        switch error {
        case .wrongSignature: self.init(.signatureDoesNotMatch)
        case .wrongLength: self.init(.incompleteBody)
        case .malformed(let reason): self.init(.invalidRequest, "The aws-chunked body is malformed: \(reason).")
        }
    }

    /// The error with a further element.
    func with(_ name: StaticString, _ value: String) -> S3Error {
        var error = self
        error.details.append(Detail(name: name, value: value))
        return error
    }
}
