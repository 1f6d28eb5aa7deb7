import Crypto

/// A presigned address of signature version 2, which boto3 and version 1 of the AWS command line make for S3:
/// `?AWSAccessKeyId=…&Signature=…&Expires=…`. Found without any secret, not yet believed.
public struct PresignedV2: Sendable, Equatable {
    /// The identifier of the access key.
    public var accessKey: String
    /// Until when it is good, in seconds since 1970.
    public var expiry: Int
    /// The 20 bytes of the code.
    public var signature: [UInt8]
    /// The session token that came along.
    public var sessionToken: String?

    /// The signature of a request; nil if its query names no access key of version 2. Throws `malformed` if it is
    /// incomplete.
    public static func parse(_ request: SignableRequest) throws(SignatureError) -> PresignedV2? {
        guard let accessKey = request.queryValue("AWSAccessKeyId") else { return nil }
        guard let signature = request.queryValue("Signature"), let expires = request.queryValue("Expires") else {
            throw .malformed(
                "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
        }
        // Why a plus sign may be a space: the code is base64, and forms decode it so.
        let text = String(decoding: signature.utf8.map { $0 == 0x20 ? UInt8(ascii: "+") : $0 }, as: UTF8.self)
        guard let code = Base64.decode(text) else { throw .malformed("Signature must be base64") }
        guard let expiry = Int(expires) else {
            throw .malformed("Invalid date (should be seconds since epoch): \(expires)")
        }
        return PresignedV2(
            accessKey: accessKey, expiry: expiry, signature: code,
            sessionToken: request.queryValue("x-amz-security-token"))
    }

    /// Checks that a request was signed by the holder of a secret and is not too late, in constant time. `now` is in
    /// seconds since 1970; the bucket is the first segment of the path.
    public func verify(_ request: SignableRequest, secret: String, now: Int) throws(SignatureError) {
        guard now <= expiry else { throw .presignedExpired(expiry: expiry, now: now) }
        let code = HMAC<Insecure.SHA1>.authenticationCode(
            for: Array(stringToSign(request).utf8), using: SymmetricKey(data: Array(secret.utf8)))
        guard ConstantTime.areEqual(signature, Array(code)) else { throw .wrongSignature }
    }

    /// The text whose code is the signature. What a client signed as `content-type`, `content-md5` or `x-amz-…` is in the
    /// request's headers, or in its query where botocore puts it too.
    public func stringToSign(_ request: SignableRequest) -> String {
        let inQuery = request.queryFields.map { String(decoding: PercentEncoding.decode($0.name), as: UTF8.self) }
        let names = Set(request.headers.map { String(decoding: SignableRequest.lowercased($0.name), as: UTF8.self) })
            .union(inQuery)
            .filter { $0.utf8.starts(with: "x-amz-".utf8) }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        func value(_ name: String) -> String { request.header(name) ?? request.queryValue(name) ?? "" }
        let lines =
            [request.method, value("content-md5"), value("content-type"), String(expiry)]
            + names.map { $0 + ":" + value($0) } + [resource(request)]
        return lines.joined(separator: "\n")
    }

    /// Sub-resources and other fields of the query that are part of the resource.
    private static let signedFields: Set<String> = [
        "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location",
        "logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment",
        "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires", "restore", "select", "select-type", "storageClass", "tagging",
        "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
    ]

    /// The path as it is on the wire, and the fields of the query that belong to it, their values decoded.
    private func resource(_ request: SignableRequest) -> String {
        let fields = request.query.utf8.split(separator: UInt8(ascii: "&")).map { field in
            let name = field.prefix { $0 != UInt8(ascii: "=") }
            let value = PercentEncoding.decode(field.dropFirst(name.count))
            return (name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self))
        }
        let signed = fields.filter { Self.signedFields.contains($0.name) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .map { $0.name + $0.value }
        return request.path + (signed.isEmpty ? "" : "?" + signed.joined(separator: "&"))
    }
}
