import HTTPTypes

/// placeholder
struct Claim: Sendable {
    var service: String?
    init(_ request: HTTPRequest) {}
}
/// placeholder
public struct VerifiedSignature: Sendable {}
/// placeholder
public struct Authenticator: Sendable {
    let keys: APIKeys
    public init(keys: APIKeys = APIKeys([])) { self.keys = keys }
    func examine(_ request: HTTPRequest, _ claim: Claim) async throws -> Proof {
        let authorization = request.headerFields[.authorization]
        let apiKey = request.headerFields[.xAPIKey]
        guard keys.accept(authorization: authorization, apiKey: apiKey) else {
            if let authorization, authorization.hasPrefix("AWS4-") {
                throw RequestError.unauthenticated(.unknownAccessKey(""))
            }
            throw RequestError.unauthenticated(authorization == nil && apiKey == nil ? .nothingOffered : .unknownKey)
        }
        return Proof(isNeeded: keys.areRequired)
    }
}
/// placeholder
struct Proof {
    let isNeeded: Bool
    var signature: VerifiedSignature? { nil }
    func caller(body: [UInt8]) throws -> Caller { .anyone }
    func callerByDeclaredHash() throws -> Caller { .anyone }
}
