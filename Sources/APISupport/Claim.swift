import AWSProtocol
import HTTPTypes

/// What a request says of who sent it and which of Amazon's services it is for. Nothing of it is verified.
struct Claim: Sendable {
    /// What a request has to show.
    enum Credential: Sendable {
        case nothing
        case bearer(String)
        case signature(RequestSignature)
        /// Query parameters of signature version 2, which some tools still write for S3.
        case presignedV2(PresignedV2)
        /// It looks like a signature, and is none.
        case malformed(String, isInQuery: Bool)
    }

    /// The request as signatures see it.
    let request: SignableRequest
    /// What it has to show.
    let credential: Credential

    init(_ head: HTTPRequest) {
        request = SignableRequest(head)
        let authorization = head.headerFields[.authorization]
        if let authorization, let token = Self.bearerToken(authorization) {
            credential = .bearer(token)
        } else if let key = head.headerFields[.xAPIKey] {
            credential = .bearer(key)
        } else {
            do {
                if let signature = try RequestSignature.parse(request) {
                    credential = .signature(signature)
                } else if let presigned = try PresignedV2.parse(request) {
                    credential = .presignedV2(presigned)
                } else {
                    credential =
                        authorization.map { _ in
                            .malformed("The Authorization header has no known form.", isInQuery: false)
                        } ?? .nothing
                }
            } catch {
                credential = .malformed(error.description, isInQuery: authorization == nil)
            }
        }
    }

    /// The AWS service that the request was signed for; nil where nothing says one.
    var service: String? {
        switch credential {
        case .signature(let signature): signature.service
        case .presignedV2: "s3"
        case .nothing, .bearer, .malformed: nil
        }
    }

    private static func bearerToken(_ header: String) -> String? {
        let bytes = Array(header.utf8)
        let scheme = Array("bearer ".utf8)
        guard bytes.count > scheme.count, zip(bytes, scheme).allSatisfy({ $0 | 0x20 == $1 }) else { return nil }
        return String(decoding: bytes[scheme.count...].drop { $0 == 0x20 }, as: UTF8.self)
    }
}

extension SignableRequest {
    init(_ head: HTTPRequest) {
        var headers = head.headerFields.map { (name: $0.name.canonicalName, value: $0.value) }
        // Why: the library keeps the authority apart from the other fields.
        if let host = head.authority { headers.append((name: "host", value: host)) }
        self.init(method: head.method.rawValue, target: head.path ?? "/", headers: headers)
    }
}
