import JSON
import TestSupport
import Testing

@testable import AWSProtocol

/// A request that botocore signed (`Scripts/make-signatures`).
struct SignedRecord: Sendable, CustomTestStringConvertible {
    let kind: String
    let request: SignableRequest
    let accessKey: String
    let secret: String
    let token: String?
    let region: String
    let service: String
    let hash: String
    let now: Int
    let expires: Int

    var testDescription: String { kind + " " + request.method + " " + request.target }

    static func all(_ kinds: String...) throws -> [SignedRecord] {
        try fixtureLines("aws/signatures.jsonl").map { try SignedRecord($0) }.filter { kinds.contains($0.kind) }
    }

    private init(_ line: [UInt8]) throws {
        let json = try JSONValue.parse(line)
        func text(_ key: String) throws -> String { try #require(json[key]?.stringValue) }
        kind = try text("kind")
        let headers = try #require(json["headers"]?.arrayValue).map { field in
            (name: try #require(field.arrayValue?.first?.stringValue), value: field.arrayValue?.last?.stringValue ?? "")
        }
        request = SignableRequest(method: try text("method"), target: try text("target"), headers: headers)
        accessKey = try text("accessKey")
        secret = try text("secret")
        token = json["token"]?.stringValue
        region = try text("region")
        service = try text("service")
        hash = try text("hash")
        now = try #require(json["now"]?.intValue)
        expires = try #require(json["expires"]?.intValue)
    }

    /// Parses and verifies a request with this record's secret; whether that succeeds. The key's identifier, which a header's
    /// signature does not cover, must be this record's: another would lead to another secret.
    func accepts(_ request: SignableRequest, hash: String? = nil, secret: String? = nil) -> Bool {
        do {
            guard let claim = try RequestSignature.parse(request), claim.accessKey == accessKey else { return false }
            try claim.verify(request, secret: secret ?? self.secret, payloadHash: hash ?? self.hash, now: now)
            return true
        } catch { return false }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// Bytes with a few places changed, removed or repeated.
func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !result.isEmpty {
        let place = Int.random(in: 0..<result.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: result[place] = UInt8.random(in: 0...255, using: &random)
        case 1: result.remove(at: place)
        case 2: result.insert(UInt8.random(in: 0...255, using: &random), at: place)
        case 3: result.removeSubrange(place..<min(place + 20, result.count))
        default: result.insert(contentsOf: result[place..<min(place + 20, result.count)], at: place)
        }
    }
    return result
}
