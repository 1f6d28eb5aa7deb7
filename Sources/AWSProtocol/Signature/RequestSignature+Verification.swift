import Crypto

extension RequestSignature {
    /// How far a signature's time may be from ours, in seconds.
    public static let tolerance = 900

    /// Checks that a request was signed by the holder of a secret, lately, in constant time.
    ///
    /// `payloadHash` is the request's `x-amz-content-sha256` as it is for S3 (`UNSIGNED-PAYLOAD` for a presigned
    /// address without one), and the hexadecimal SHA-256 of the body for other services. `now` is in seconds since
    /// 1970. That the payload has this hash, and that the scope's service and region are right, is the caller's to check.
    public func verify(_ request: SignableRequest, secret: String, payloadHash: String, now: Int)
        throws(SignatureError)
    {
        try checkTime(now: now)
        try checkSignedHeaders(of: request)
        let text = stringToSign(request, payloadHash: payloadHash)
        let expected = signingKey(secret: secret).sign(text)
        guard let given = Hexadecimal.decode(signature), ConstantTime.areEqual(given, expected) else {
            throw .wrongSignature
        }
    }

    /// The key that signs this request and its chunks.
    public func signingKey(secret: String) -> SigningKey {
        SigningKey(secret: secret, date: date, region: region, service: service)
    }

    /// The canonical request, which answers about wrong signatures of S3 show.
    public func canonicalRequest(_ request: SignableRequest, payloadHash: String) -> String {
        CanonicalRequest.text(request, service: service, signedHeaders: signedHeaders, payloadHash: payloadHash)
    }

    /// The text whose code is the signature.
    public func stringToSign(_ request: SignableRequest, payloadHash: String) -> String {
        let canonical = canonicalRequest(request, payloadHash: payloadHash)
        let hash = Hexadecimal.encode(SHA256.hash(data: Array(canonical.utf8)))
        return [Self.algorithm, DateText.basic(timestamp), scope, hash].joined(separator: "\n")
    }

    private func checkTime(now: Int) throws(SignatureError) {
        let signed = DateText.basic(timestamp)
        let latest = now + Self.tolerance
        let earliest = now - Self.tolerance
        if timestamp > latest {
            throw .notYetCurrent(
                "Signature not yet current: \(signed) is still later than \(DateText.basic(latest)) "
                    + "(\(DateText.basic(now)) + 15 min.)")
        }
        switch form {
        case .header:
            guard timestamp < earliest else { return }
            throw .expired(
                "Signature expired: \(signed) is now earlier than \(DateText.basic(earliest)) "
                    + "(\(DateText.basic(now)) - 15 min.)")
        case .presigned(let expires):
            if now > timestamp + expires { throw .presignedExpired(expiry: timestamp + expires, now: now) }
        }
    }

    private func checkSignedHeaders(of request: SignableRequest) throws(SignatureError) {
        let signed = Set(signedHeaders.map { Array($0.utf8) })
        guard signed.contains(Array("host".utf8)) else { throw .unsignedHost }
        guard service.utf8.elementsEqual("s3".utf8) else { return }
        let unsigned = request.headers.map { SignableRequest.lowercased($0.name) }
            .filter { $0.starts(with: "x-amz-".utf8) && !signed.contains($0) }
        guard unsigned.isEmpty else {
            throw .unsignedHeaders(unsigned.map { String(decoding: $0, as: UTF8.self) })
        }
    }
}
