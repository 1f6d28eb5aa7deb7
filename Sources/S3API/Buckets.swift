import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import ObjectStore

/// Operations on buckets.
extension S3Door {
    /// The owner of everything, as clients are told.
    static let owner = "outcrop"

    func listBuckets(_ request: S3Request) async throws -> Response {
        try request.api.caller.authorize("s3:ListAllMyBuckets", on: "*")
        let buckets = try await store.buckets()
        var writer = XMLWriter()
        writer.element("ListAllMyBucketsResult", namespace: XMLWriter.s3) { result in
            result.owner()
            result.element("Buckets") { list in
                for bucket in buckets {
                    list.element("Bucket") { element in
                        element.element("Name", bucket.name)
                        element.element("CreationDate", DateText.extended(bucket.created))
                    }
                }
            }
        }
        return .xml(writer)
    }

    func createBucket(_ request: S3Request) async throws -> Response {
        let name = try request.requiredBucket()
        try request.authorize(bucket: "CreateBucket")
        try WriteHeaders.refuseUnsupported(request)
        // The region that the client wants is read and let pass: there is one, whatever it is called.
        let document = try await request.document(limit: 64 << 10)
        if !document.isEmpty { _ = try XMLParser.parse(document) }
        do {
            try await store.createBucket(name)
        } catch ObjectStoreError.bucketExists {
            // As in Amazon's oldest region, where this is no error.
            guard region == "us-east-1" else { throw S3Error(.bucketAlreadyOwnedByYou).with("BucketName", name) }
        }
        return .empty(headers: [.location: "/" + name])
    }

    /// What an object's access control list is; it cannot be changed.
    func objectACL(_ request: S3Request) async throws -> Response {
        guard request.api.head.method == .get else {
            throw S3Error(request.api.head.method == .put ? .aclNotSupported : .methodNotAllowed)
        }
        try request.authorize(object: "GetObjectAcl")
        _ = try await store.object(try request.requiredBucket(), try request.key())
        var writer = XMLWriter()
        AccessControl.write(to: &writer)
        return .xml(writer)
    }

    func headBucket(_ request: S3Request) async throws -> Response {
        try request.authorize(bucket: "ListBucket")
        _ = try await store.bucket(try request.requiredBucket())
        return .empty(headers: [.amzBucketRegion: region])
    }

    func deleteBucket(_ request: S3Request) async throws -> Response {
        try request.authorize(bucket: "DeleteBucket")
        try await store.deleteBucket(try request.requiredBucket())
        return .empty(.noContent)
    }

    /// What a bucket of Amazon's answers about its settings when it has none; nil if the request asks for none.
    func bucketAspect(_ request: S3Request) async throws -> Response? {
        guard let name = request.query.map(\.name).first(where: BucketAspect.names.contains) else { return nil }
        if name == "uploads" { return try await listUploads(request) }
        guard let aspect = BucketAspect(rawValue: name) else { return nil }
        try request.authorize(bucket: aspect.action)
        _ = try await store.bucket(try request.requiredBucket())
        return .xml(try aspect.document(region: region))
    }
}

/// Settings of a bucket that clients look at, though no bucket has them here.
enum BucketAspect: String, CaseIterable {
    case accelerate, acl, cors, encryption, lifecycle, location, logging, notification, ownershipControls, policy
    case publicAccessBlock, replication, requestPayment, tagging, versioning, website
    case objectLock = "object-lock"

    static let names = Set(allCases.map(\.rawValue)).union(["uploads"])

    /// The action that allows to look at it.
    var action: String {
        switch self {
        case .location: "GetBucketLocation"
        case .acl: "GetBucketAcl"
        case .versioning: "GetBucketVersioning"
        case .tagging: "GetBucketTagging"
        case .policy: "GetBucketPolicy"
        default: "GetBucketConfiguration"
        }
    }

    /// What is answered.
    /// - Throws: the error by which S3 says that there is no such setting.
    func document(region: String) throws(S3Error) -> XMLWriter {
        var writer = XMLWriter()
        switch self {
        case .location:
            // Amazon's oldest region has no name here.
            writer.element("LocationConstraint", namespace: XMLWriter.s3, region == "us-east-1" ? "" : region)
        case .versioning: writer.element("VersioningConfiguration", namespace: XMLWriter.s3, "")
        case .accelerate: writer.element("AccelerateConfiguration", namespace: XMLWriter.s3, "")
        case .logging: writer.element("BucketLoggingStatus", namespace: XMLWriter.s3, "")
        case .notification: writer.element("NotificationConfiguration", namespace: XMLWriter.s3, "")
        case .requestPayment:
            writer.element("RequestPaymentConfiguration", namespace: XMLWriter.s3) {
                $0.element("Payer", "BucketOwner")
            }
        case .acl: AccessControl.write(to: &writer)
        case .cors: throw S3Error(.noSuchCORSConfiguration)
        case .encryption: throw S3Error(.serverSideEncryptionNotFound)
        case .lifecycle: throw S3Error(.noSuchLifecycleConfiguration)
        case .objectLock: throw S3Error(.objectLockNotFound)
        case .ownershipControls: throw S3Error(.ownershipControlsNotFound)
        case .policy: throw S3Error(.noSuchBucketPolicy)
        case .publicAccessBlock: throw S3Error(.noSuchPublicAccessBlock)
        case .replication: throw S3Error(.replicationNotFound)
        case .tagging: throw S3Error(.noSuchTagSet)
        case .website: throw S3Error(.noSuchWebsite)
        }
        return writer
    }

}

/// Headers that would give others rights, which policies do here.
enum AccessControl {
    /// - Throws: `S3Error.aclNotSupported` for anything but the owner's full control.
    static func check(_ request: S3Request) throws(S3Error) {
        if let acl = request.header(.amzACL), !["private", "bucket-owner-full-control"].contains(acl) {
            throw S3Error(.aclNotSupported)
        }
        let grants = ["full-control", "read", "read-acp", "write", "write-acp"]
        guard grants.allSatisfy({ request.header(.s3("x-amz-grant-" + $0)) == nil }) else {
            throw S3Error(.aclNotSupported)
        }
    }

    /// The list of everything here: the owner may do all.
    static func write(to writer: inout XMLWriter) {
        writer.element("AccessControlPolicy", namespace: XMLWriter.s3) { policy in
            policy.owner()
            policy.element("AccessControlList") { list in
                list.element("Grant") { grant in
                    grant.owner("Grantee")
                    grant.element("Permission", "FULL_CONTROL")
                }
            }
        }
    }
}

extension XMLWriter {
    /// Who owns everything, or has begun it, or may use it.
    mutating func owner(_ name: StaticString = "Owner") {
        element(name) { owner in
            owner.element("ID", S3Door.owner)
            owner.element("DisplayName", S3Door.owner)
        }
    }
}
