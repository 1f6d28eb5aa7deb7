import AWSProtocol
import Access
import Crypto
import HTTPTypes

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds out who sends a request: from a bearer key, or from an AWS signature.
public struct Authenticator: Sendable {
    private let keys: KeyStore?

    /// - Parameter keys: the keys that there are; without them everybody is let in.
    public init(keys: KeyStore? = nil) {
        self.keys = keys
    }

    /// Whether nobody needs a key; false also when that cannot be told.
    func isOpen() async -> Bool {
        guard let keys else { return true }
        return (try? await keys.areKeysRequired()) == false
    }

    /// What can be said before the body is there: unknown keys and signatures out of their time are refused here.
    /// - Throws: `RequestError.unauthenticated`.
    func examine(_ claim: Claim, now: Date = .now) async throws -> Proof {
        guard let keys, try await keys.areKeysRequired() else { return Proof(claim) }
        switch claim.credential {
        case .nothing: throw RequestError.unauthenticated(.nothingOffered)
        case .malformed(let message, let isInQuery):
            throw RequestError.unauthenticated(isInQuery ? .malformedQuery(message) : .malformed(message))
        case .bearer(let key): return Proof(claim, caller: try await caller(bearer: key, keys, now))
        case .signature(let signature):
            guard let found = try await keys.principal(accessKey: signature.accessKey) else {
                throw RequestError.unauthenticated(.unknownAccessKey(signature.accessKey))
            }
            return Proof(claim, principal: found.principal, secret: found.secret, now: now)
        case .presignedV2(let presigned):
            guard let found = try await keys.principal(accessKey: presigned.accessKey) else {
                throw RequestError.unauthenticated(.unknownAccessKey(presigned.accessKey))
            }
            do throws(SignatureError) {
                try presigned.verify(claim.request, secret: found.secret, now: now.unixSeconds)
            } catch {
                throw RequestError(signature: error)
            }
            return Proof(claim, caller: Caller(found.principal))
        }
    }

    /// Long-term keys are looked up; Bedrock's short-term ones are signed by an access key.
    private func caller(bearer key: String, _ keys: KeyStore, _ now: Date) async throws -> Caller {
        if let principal = try await keys.principal(bearer: key) { return Caller(principal) }
        guard let shortTerm = try? BedrockBearerKey.parse(key),
            let found = try await keys.principal(accessKey: shortTerm.signature.accessKey)
        else { throw RequestError.unauthenticated(.unknownKey) }
        do throws(SignatureError) {
            try shortTerm.verify(secret: found.secret, now: now.unixSeconds)
        } catch {
            throw RequestError.unauthenticated(.unknownKey)
        }
        return Caller(found.principal)
    }
}

/// What a request's credential proves, once its body is there or said to be of some hash.
struct Proof: Sendable {
    /// Whether a request without a key would have been refused.
    let isNeeded: Bool
    private let claim: Claim
    private let known: Caller?
    private let principal: Principal?
    private let secret: String
    private let now: Date

    /// Nobody has to prove anything.
    init(_ claim: Claim) {
        self.init(claim, isNeeded: false, known: .anyone)
    }

    /// It is known who asks.
    init(_ claim: Claim, caller: Caller) {
        self.init(claim, isNeeded: true, known: caller)
    }

    /// A signature is to be verified.
    init(_ claim: Claim, principal: Principal, secret: String, now: Date) {
        self.init(claim, isNeeded: true, known: nil, principal: principal, secret: secret, now: now)
    }

    private init(
        _ claim: Claim, isNeeded: Bool, known: Caller?, principal: Principal? = nil, secret: String = "",
        now: Date = .now
    ) {
        self.isNeeded = isNeeded
        self.claim = claim
        self.known = known
        self.principal = principal
        self.secret = secret
        self.now = now
    }

    /// Who asks, if the signature covers this body.
    /// - Throws: `RequestError.unauthenticated`.
    func caller(body: [UInt8]) throws -> Caller {
        try caller(payloadHash: Hexadecimal.encode(SHA256.hash(data: body)))
    }

    /// Who asks, if the body is of the hash that the request declares: S3's way, where bodies are checked as they are read.
    /// - Throws: `RequestError.unauthenticated`.
    func callerByDeclaredHash() throws -> Caller {
        if let known { return known }
        let declared = claim.request.header("x-amz-content-sha256")
        if case .signature(let signature) = claim.credential, case .presigned = signature.form {
            return try caller(payloadHash: declared ?? "UNSIGNED-PAYLOAD")
        }
        guard let declared else {
            throw RequestError.unauthenticated(
                .malformed("Missing required header for this request: x-amz-content-sha256"))
        }
        return try caller(payloadHash: declared)
    }

    /// What a body that is signed piece by piece is verified with; nil where no key is needed or the credential is no signature.
    var chunkSigning: ChunkSigning? {
        guard principal != nil, case .signature(let signature) = claim.credential else { return nil }
        return signature.chunkSigning(secret: secret)
    }

    private func caller(payloadHash: String) throws -> Caller {
        if let known { return known }
        guard let principal, case .signature(let signature) = claim.credential else {
            throw RequestError.unauthenticated(.nothingOffered)
        }
        do throws(SignatureError) {
            try signature.verify(claim.request, secret: secret, payloadHash: payloadHash, now: now.unixSeconds)
        } catch {
            throw RequestError(signature: error)
        }
        return Caller(principal)
    }
}

extension RequestError {
    /// What a signature that is not accepted means.
    fileprivate init(signature error: SignatureError) {
        let failure: AuthenticationFailure =
            switch error {
            case .malformed, .scopeMismatch, .unsignedHost, .unsupportedVersion: .malformed(error.description)
            case .unsignedHeaders: .unsignedHeaders(error.description)
            case .expired: .outsideValidity(.expired, error.description)
            case .notYetCurrent: .outsideValidity(.notYetCurrent, error.description)
            case .presignedExpired: .outsideValidity(.presignedExpired, error.description)
            case .wrongSignature: .wrongSignature
            }
        self = .unauthenticated(failure)
    }
}

extension Date {
    /// Whole seconds since 1970.
    fileprivate var unixSeconds: Int { Int(timeIntervalSince1970) }
}
