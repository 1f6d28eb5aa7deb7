import Crypto

/// Signs outgoing requests with signature version 4.
public struct RequestSigner: Sendable {
    /// The identifier of the access key.
    public var accessKey: String
    /// The key's secret.
    public var secret: String
    /// The token of temporary credentials.
    public var sessionToken: String?
    /// The region of the scope, such as `us-east-1`.
    public var region: String
    /// The service of the scope, such as `s3`.
    public var service: String

    /// Makes a signer of one key for one service.
    public init(accessKey: String, secret: String, sessionToken: String? = nil, region: String, service: String) {
        self.accessKey = accessKey
        self.secret = secret
        self.sessionToken = sessionToken
        self.region = region
        self.service = service
    }

    /// The SHA-256 of nothing: the payload hash of requests without a body.
    public static let emptyPayloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// Adds `x-amz-date`, for S3 `x-amz-content-sha256`, with temporary credentials `x-amz-security-token`, and
    /// `authorization` to a request that has its `host` header; all headers it then has are signed.
    ///
    /// `payloadHash` is the hexadecimal SHA-256 of the body, or `UNSIGNED-PAYLOAD` and the like for S3; `now` is in
    /// seconds since 1970. Header fields that proxies may change (`user-agent`, `expect`, …) are left unsigned.
    public func sign(_ request: SignableRequest, payloadHash: String, now: Int) -> SignableRequest {
        var signed = request
        let own = ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"]
        signed.headers.removeAll { field in
            own.contains { SignableRequest.lowercased(field.name).elementsEqual($0.utf8) }
        }
        signed.headers.append(("x-amz-date", DateText.basic(now)))
        if service.utf8.elementsEqual("s3".utf8) { signed.headers.append(("x-amz-content-sha256", payloadHash)) }
        if let sessionToken { signed.headers.append(("x-amz-security-token", sessionToken)) }
        var claim = claim(signing: signed, form: .header, now: now)
        claim.signature = Hexadecimal.encode(
            claim.signingKey(secret: secret).sign(claim.stringToSign(signed, payloadHash: payloadHash)))
        let value =
            "\(RequestSignature.algorithm) Credential=\(accessKey)/\(claim.scope), "
            + "SignedHeaders=\(claim.signedHeaders.joined(separator: ";")), Signature=\(claim.signature)"
        signed.headers.append(("authorization", value))
        return signed
    }

    /// The target of a presigned address for a request that has its `host` header, good for `expires` (1 to 604,800)
    /// seconds from `now`. `payloadHash` is `UNSIGNED-PAYLOAD` for S3.
    public func presign(_ request: SignableRequest, payloadHash: String, expires: Int, now: Int) -> String {
        var claim = claim(signing: request, form: .presigned(expires: expires), now: now)
        var fields = [
            ("X-Amz-Algorithm", RequestSignature.algorithm), ("X-Amz-Credential", accessKey + "/" + claim.scope),
            ("X-Amz-Date", DateText.basic(now)), ("X-Amz-Expires", String(expires)),
            ("X-Amz-SignedHeaders", claim.signedHeaders.joined(separator: ";")),
        ]
        if let sessionToken { fields.append(("X-Amz-Security-Token", sessionToken)) }
        let added = fields.map { $0 + "=" + PercentEncoding.encode($1) }.joined(separator: "&")
        var signed = request
        signed.target = request.path + "?" + (request.query.isEmpty ? "" : request.query + "&") + added
        claim.signature = Hexadecimal.encode(
            claim.signingKey(secret: secret).sign(claim.stringToSign(signed, payloadHash: payloadHash)))
        return signed.target + "&X-Amz-Signature=" + claim.signature
    }

    private static let unsigned = [
        "authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
    ]

    private func claim(signing request: SignableRequest, form: RequestSignature.Form, now: Int) -> RequestSignature {
        let names = Set(request.headers.map { String(decoding: SignableRequest.lowercased($0.name), as: UTF8.self) })
            .subtracting(Self.unsigned)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return RequestSignature(
            accessKey: accessKey, date: String(decoding: DateText.basic(now).utf8.prefix(8), as: UTF8.self),
            region: region, service: service, timestamp: now, signedHeaders: names, signature: "", form: form,
            sessionToken: sessionToken)
    }
}
