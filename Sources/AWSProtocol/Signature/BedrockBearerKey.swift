/// A short-term key of Bedrock: `bedrock-api-key-` and, in base64, a presigned address of the action `CallWithBearerToken` without
/// its scheme. It proves that a holder of an access key made it, and is good while the address is.
public struct BedrockBearerKey: Sendable {
    /// The presigned request, its `host` header among its headers.
    public let request: SignableRequest
    /// What it says about its signature.
    public let signature: RequestSignature

    /// Reads a key; nil if it does not begin with `bedrock-api-key-`. Throws `malformed` if the rest is not such an address, and what
    /// `RequestSignature.parse` throws.
    public static func parse(_ key: String) throws(SignatureError) -> BedrockBearerKey? {
        guard key.utf8.starts(with: prefix.utf8) else { return nil }
        let encoded = String(decoding: key.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        guard encoded.utf8.count <= 16_384, let address = Base64.decode(encoded) else {
            throw .malformed("Authentication failed: the API key is not base64")
        }
        let host = address.prefix { $0 != UInt8(ascii: "/") }
        // Why the version is cut off: key generators add it after signing.
        let version = Array("&Version=1".utf8)
        let target = address.dropFirst(host.count)
        let signed = target.suffix(version.count).elementsEqual(version) ? target.dropLast(version.count) : target
        let request = SignableRequest(
            method: "POST", target: String(decoding: signed, as: UTF8.self),
            headers: [("host", String(decoding: host, as: UTF8.self))])
        guard !host.isEmpty, request.queryValue("Action")?.utf8.elementsEqual("CallWithBearerToken".utf8) == true,
            let signature = try RequestSignature.parse(request), signature.service.utf8.elementsEqual("bedrock".utf8)
        else { throw .malformed("Authentication failed: the API key is not a presigned CallWithBearerToken request") }
        return BedrockBearerKey(request: request, signature: signature)
    }

    /// Checks that the key was made with a secret and has not expired. `now` is in seconds since 1970.
    public func verify(secret: String, now: Int) throws(SignatureError) {
        try signature.verify(request, secret: secret, payloadHash: RequestSigner.emptyPayloadHash, now: now)
    }

    private static let prefix = "bedrock-api-key-"
}
