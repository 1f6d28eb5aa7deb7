import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import ObjectStore

/// S3's API over an object store: the operations that clients issue, answered as Amazon S3 does.
public struct S3Door: Sendable {
    let store: ObjectStore
    let region: String
    private let domains: [String]

    /// - Parameters:
    ///   - region: what clients are told about where buckets are.
    ///   - domains: hosts of which a bucket's name may be a subdomain, as in `bucket.localhost`.
    public init(_ store: ObjectStore, region: String, domains: [String] = ["localhost"]) {
        self.store = store
        self.region = region
        self.domains = domains
    }

    /// The door for the server's responder.
    public var door: Door {
        Door(
            routes: [], errors: S3ErrorRenderer(), services: ["s3"],
            objects: ObjectHandler(
                answer: { api in try await answer(S3Request(api, domains: domains)) },
                expects: { head in await expects(head) }))
    }

    private func answer(_ request: S3Request) async throws -> Response {
        var response: Response
        do {
            response = try await respond(request)
        } catch  where !(error is ClientGone) {
            throw LocatedError(error: error, resource: request.path)
        }
        response.headers[.amzRequestID] = request.api.id.description
        response.headers[.amzID2] = "outcrop"
        return response
    }

    /// An unsigned request is for this door if it is for a bucket that exists; others are told of their mistake by the doors of
    /// the models.
    private func expects(_ head: HTTPRequest) async -> Bool {
        let path = (head.path ?? "/").utf8.dropFirst().prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        let name = String(decoding: PercentEncoding.decode(Array(path)), as: UTF8.self)
        return (try? await store.bucket(name)) != nil
    }

    private func respond(_ request: S3Request) async throws -> Response {
        try QueryNames.check(request)
        guard request.bucket != nil else {
            guard request.api.head.method == .get || request.api.head.method == .head else {
                throw S3Error(.methodNotAllowed)
            }
            return try await listBuckets(request)
        }
        return request.keyBytes.isEmpty ? try await respondForBucket(request) : try await respondForObject(request)
    }

    private func respondForBucket(_ request: S3Request) async throws -> Response {
        let method = request.api.head.method
        let isBatch = request.item("delete") != nil
        if method == .put || method == .delete, Self.isAspect(request) {
            if method == .put, request.item("acl") != nil { throw S3Error(.aclNotSupported) }
            throw S3Error(.notImplemented, "Buckets have no such settings here.")
        }
        guard method == .post || !isBatch else { throw S3Error(.methodNotAllowed) }
        if method == .get, let aspect = try await bucketAspect(request) { return aspect }
        return switch method {
        case .get where request.item("list-type") == "2": try await listObjects(request)
        case .get: try await listObjectsV1(request)
        case .head: try await headBucket(request)
        case .put: try await createBucket(request)
        case .delete: try await deleteBucket(request)
        case .post where isBatch: try await deleteObjects(request)
        default: throw S3Error(.methodNotAllowed)
        }
    }

    private func respondForObject(_ request: S3Request) async throws -> Response {
        let method = request.api.head.method
        let isUpload = request.item("uploadId") != nil
        let isTagging = request.item("tagging") != nil
        try request.requireCurrentVersion()
        if method == .put || method == .post { try WriteHeaders.refuseUnsupported(request) }
        if request.item("acl") != nil { return try await objectACL(request) }
        guard method == .post || request.item("uploads") == nil, method != .head || !isUpload && !isTagging else {
            throw S3Error(.methodNotAllowed)
        }
        return switch method {
        case .get where isUpload: try await listParts(request)
        case .get where isTagging: try await getTagging(request)
        case .get, .head: try await getObject(request)
        case .put where isUpload && request.header(.amzCopySource) != nil: try await copyPart(request)
        case .put where isUpload: try await putPart(request)
        case .put where isTagging: try await putTagging(request)
        case .put where request.header(.amzCopySource) != nil: try await copyObject(request)
        case .put: try await putObject(request)
        case .post where request.item("uploads") != nil: try await createUpload(request)
        case .post where isUpload: try await completeUpload(request)
        case .delete where isUpload: try await abortUpload(request)
        case .delete where isTagging: try await deleteTagging(request)
        case .delete: try await deleteObject(request)
        default: throw S3Error(.methodNotAllowed)
        }
    }

    private static func isAspect(_ request: S3Request) -> Bool {
        request.query.contains { BucketAspect.names.contains($0.name) }
    }
}

extension Response {
    /// An XML answer.
    static func xml(_ writer: XMLWriter, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/xml"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: writer.bytes)))
    }

    /// An answer without a body.
    static func empty(_ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        Response(status: status, headers: headers)
    }
}
