import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import ObjectStore

/// An error as S3 words it: a code, a status, and XML.
struct S3Error: Error, Sendable, Equatable {
    /// S3's codes, with their statuses.
    enum Code: String, Sendable, Equatable {
        case accessDenied = "AccessDenied"
        case aclNotSupported = "AccessControlListNotSupported"
        case badDigest = "BadDigest"
        case bucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou"
        case bucketNotEmpty = "BucketNotEmpty"
        case clientClosedRequest = "ClientClosedRequest"
        case entityTooLarge = "EntityTooLarge"
        case entityTooSmall = "EntityTooSmall"
        case incompleteBody = "IncompleteBody"
        case internalError = "InternalError"
        case invalidAccessKeyID = "InvalidAccessKeyId"
        case invalidArgument = "InvalidArgument"
        case invalidBucketName = "InvalidBucketName"
        case invalidDigest = "InvalidDigest"
        case invalidPart = "InvalidPart"
        case invalidPartOrder = "InvalidPartOrder"
        case invalidRange = "InvalidRange"
        case invalidRequest = "InvalidRequest"
        case invalidStorageClass = "InvalidStorageClass"
        case invalidTag = "InvalidTag"
        case invalidURI = "InvalidURI"
        case keyTooLong = "KeyTooLongError"
        case malformedTrailer = "MalformedTrailerError"
        case malformedXML = "MalformedXML"
        case metadataTooLarge = "MetadataTooLarge"
        case methodNotAllowed = "MethodNotAllowed"
        case missingContentLength = "MissingContentLength"
        case noSuchBucket = "NoSuchBucket"
        case noSuchBucketPolicy = "NoSuchBucketPolicy"
        case noSuchCORSConfiguration = "NoSuchCORSConfiguration"
        case noSuchKey = "NoSuchKey"
        case noSuchLifecycleConfiguration = "NoSuchLifecycleConfiguration"
        case noSuchPublicAccessBlock = "NoSuchPublicAccessBlockConfiguration"
        case noSuchTagSet = "NoSuchTagSet"
        case noSuchUpload = "NoSuchUpload"
        case noSuchVersion = "NoSuchVersion"
        case noSuchWebsite = "NoSuchWebsiteConfiguration"
        case notImplemented = "NotImplemented"
        case objectLockNotFound = "ObjectLockConfigurationNotFoundError"
        case outOfSpace = "InsufficientStorage"
        case ownershipControlsNotFound = "OwnershipControlsNotFoundError"
        case preconditionFailed = "PreconditionFailed"
        case replicationNotFound = "ReplicationConfigurationNotFoundError"
        case requestTimeTooSkewed = "RequestTimeTooSkewed"
        case serverSideEncryptionNotFound = "ServerSideEncryptionConfigurationNotFoundError"
        case serviceUnavailable = "ServiceUnavailable"
        case signatureDoesNotMatch = "SignatureDoesNotMatch"
        case authorizationHeaderMalformed = "AuthorizationHeaderMalformed"
        case authorizationQueryParameters = "AuthorizationQueryParametersError"
        case contentSHA256Mismatch = "XAmzContentSHA256Mismatch"

        /// The HTTP status that belongs to the code.
        var status: Int {
            switch self {
            case .accessDenied, .invalidAccessKeyID, .requestTimeTooSkewed, .signatureDoesNotMatch: 403
            case .noSuchBucket, .noSuchBucketPolicy, .noSuchCORSConfiguration, .noSuchKey,
                .noSuchLifecycleConfiguration, .noSuchPublicAccessBlock, .noSuchTagSet, .noSuchUpload,
                .noSuchVersion, .noSuchWebsite, .objectLockNotFound, .ownershipControlsNotFound, .replicationNotFound,
                .serverSideEncryptionNotFound:
                404
            case .methodNotAllowed: 405
            case .bucketAlreadyOwnedByYou, .bucketNotEmpty: 409
            case .missingContentLength: 411
            case .preconditionFailed: 412
            case .invalidRange: 416
            case .clientClosedRequest: 499
            case .internalError: 500
            case .notImplemented: 501
            case .serviceUnavailable: 503
            case .outOfSpace: 507
            default: 400
            }
        }
    }

    var code: Code
    var message: String
    /// Further elements: what was sent, what is allowed.
    var details: [Detail] = []

    /// A name and a text.
    struct Detail: Sendable, Equatable {
        let name: StaticString
        let value: String

        static func == (left: Detail, right: Detail) -> Bool {
            left.name.description == right.name.description && left.value == right.value
        }
    }

    init(_ code: Code, _ message: String? = nil) {
        self.code = code
        self.message = message ?? Self.usualMessages[code] ?? code.rawValue
    }

    private static let usualMessages: [Code: String] = [
        .accessDenied: "Access Denied",
        .aclNotSupported: "The bucket does not allow ACLs",
        .bucketAlreadyOwnedByYou:
            "Your previous request to create the named bucket succeeded and you already own it.",
        .bucketNotEmpty: "The bucket you tried to delete is not empty.",
        .clientClosedRequest: "The client closed the connection.",
        .entityTooLarge: "Your proposed upload exceeds the maximum allowed size",
        .entityTooSmall: "Your proposed upload is smaller than the minimum allowed size",
        .incompleteBody: "You did not provide the number of bytes specified by the Content-Length HTTP header",
        .internalError: "We encountered an internal error. Please try again.",
        .invalidAccessKeyID: "The AWS Access Key Id you provided does not exist in our records.",
        .invalidDigest: "The Content-MD5 you specified was invalid.",
        .invalidPart:
            "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified "
            + "entity tag may not match the part's entity tag.",
        .invalidPartOrder:
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        .invalidRange: "The requested range is not satisfiable",
        .invalidStorageClass: "The storage class you specified is not valid",
        .keyTooLong: "Your key is too long",
        .malformedTrailer:
            "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        .malformedXML: "The XML you provided was not well-formed or did not validate against our published schema",
        .methodNotAllowed: "The specified method is not allowed against this resource.",
        .missingContentLength: "You must provide the Content-Length HTTP header.",
        .noSuchBucket: "The specified bucket does not exist",
        .noSuchBucketPolicy: "The bucket policy does not exist",
        .noSuchCORSConfiguration: "The CORS configuration does not exist",
        .noSuchKey: "The specified key does not exist.",
        .noSuchLifecycleConfiguration: "The lifecycle configuration does not exist",
        .noSuchPublicAccessBlock: "The public access block configuration was not found",
        .noSuchTagSet: "The TagSet does not exist",
        .noSuchUpload:
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            + "completed.",
        .noSuchVersion: "The specified version does not exist.",
        .noSuchWebsite: "The specified bucket does not have a website configuration",
        .notImplemented: "A header you provided implies functionality that is not implemented",
        .objectLockNotFound: "Object Lock configuration does not exist for this bucket",
        .outOfSpace: "There is no space left on the object store's disk.",
        .ownershipControlsNotFound: "The bucket ownership controls were not found",
        .preconditionFailed: "At least one of the pre-conditions you specified did not hold",
        .replicationNotFound: "The replication configuration was not found",
        .requestTimeTooSkewed: "The difference between the request time and the current time is too large.",
        .serverSideEncryptionNotFound: "The server side encryption configuration was not found",
        .serviceUnavailable: "Please reduce your request rate.",
        .signatureDoesNotMatch:
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        .contentSHA256Mismatch: "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ]
}

/// An error with the path of the request that failed.
struct LocatedError: Error {
    let error: any Error
    let resource: String
}

/// Words errors as S3 does.
struct S3ErrorRenderer: ErrorRenderer {
    func response(for error: any Error, request: RequestIdentifier) -> Response {
        let error = S3Error(error)
        var writer = XMLWriter()
        write(error, request, to: &writer)
        var headers: HTTPFields = [.contentType: "application/xml"]
        headers[.amzRequestID] = request.description
        if error.code == .serviceUnavailable { headers[.retryAfter] = "5" }
        return Response(
            status: .init(code: error.code.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: writer.bytes)))
    }

    /// The element, also where it stands in the body of an answer that began as a success.
    func write(_ error: S3Error, _ request: RequestIdentifier, to writer: inout XMLWriter) {
        writer.element("Error") { element in
            element.element("Code", error.code.rawValue)
            element.element("Message", error.message)
            for detail in error.details { element.element(detail.name, detail.value) }
            element.element("RequestId", request.description)
            element.element("HostId", "outcrop")
        }
    }
}
