import Testing

@testable import AWSProtocol

@Suite struct BedrockBearerKeyTests {
    private static let now = 1_767_225_600

    /// A key as Amazon's generators make it.
    private static func key(action: String = "CallWithBearerToken", service: String = "bedrock") -> String {
        let signer = RequestSigner(accessKey: "AK", secret: "secret", region: "us-east-1", service: service)
        let request = SignableRequest(
            method: "POST", target: "/?Action=" + action, headers: [("host", "bedrock.amazonaws.com")])
        let target = signer.presign(
            request, payloadHash: RequestSigner.emptyPayloadHash, expires: 43_200, now: now)
        return "bedrock-api-key-" + Base64.encode(Array(("bedrock.amazonaws.com" + target + "&Version=1").utf8))
    }

    @Test("a key is read and is good for its time")
    func verification() throws {
        let key = try #require(try BedrockBearerKey.parse(Self.key()))
        #expect(key.signature.accessKey == "AK")
        #expect(key.signature.form == .presigned(expires: 43_200))
        #expect(key.request.header("host") == "bedrock.amazonaws.com")
        #expect(throws: Never.self) { try key.verify(secret: "secret", now: Self.now + 43_200) }
        #expect(throws: SignatureError.presignedExpired(expiry: Self.now + 43_200, now: Self.now + 43_201)) {
            try key.verify(secret: "secret", now: Self.now + 43_201)
        }
        #expect(throws: SignatureError.wrongSignature) { try key.verify(secret: "other", now: Self.now) }
    }

    @Test("a key that botocore's signer made")
    func botocore() throws {
        let key = try #require(try BedrockBearerKey.parse(Self.botocoreKey))
        #expect(key.signature.sessionToken == "token+/=")
        #expect(throws: Never.self) { try key.verify(secret: "secret", now: Self.now + 60) }
    }

    /// `SigV4QueryAuth(Credentials("AK", "secret", "token+/="), "bedrock", "us-east-1", expires=43200)` on
    /// 2026-01-01T00:00:00Z.
    private static let botocoreKey =
        "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tlbiZYLUFtei1BbGdvcml0"
        + "aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFLJTJGMjAyNjAxMDElMkZ1cy1lYXN0LTElMkZiZWRyb2NrJTJG"
        + "YXdzNF9yZXF1ZXN0JlgtQW16LURhdGU9MjAyNjAxMDFUMDAwMDAwWiZYLUFtei1FeHBpcmVzPTQzMjAwJlgtQW16LVNpZ25lZEhl"
        + "YWRlcnM9aG9zdCZYLUFtei1TZWN1cml0eS1Ub2tlbj10b2tlbiUyQiUyRiUzRCZYLUFtei1TaWduYXR1cmU9OTU3NmY1ZGUxZjQy"
        + "MzA2ZjQ3YTg2NDczODU0MTMyMzUzNTY2ZjMwNjZhNzJjZWM5Y2MzZTAyNmUyYjcxZGVhZiZWZXJzaW9uPTE="

    @Test("other keys are none, broken ones are refused")
    func refusals() throws {
        #expect(try BedrockBearerKey.parse("ABSKabcd") == nil)
        for key in [
            "bedrock-api-key-", "bedrock-api-key-!", "bedrock-api-key-YWJj", Self.key(action: "Other"),
            Self.key(service: "s3"), String(Self.key().dropLast(8)),
        ] {
            #expect(throws: SignatureError.self) {
                try BedrockBearerKey.parse(key)?.verify(secret: "secret", now: Self.now)
            }
        }
    }

    @Test("mutated claims are taken or refused, whatever they are")
    func mutations() throws {
        var random = SeededGenerator(state: 10)
        let records = try SignedRecord.all("v4", "s3", "v4-query", "s3-query", "v2")
        let seeds =
            records.map { record in
                Array(
                    ([record.request.target] + record.request.headers.map { $0.name + ":" + $0.value })
                        .joined(separator: "\n").utf8)
            } + [Array(Self.key().utf8)]
        var claimed = 0
        for index in 0..<4_000 where SignableRequest.hasClaims(fuzz: mutated(seeds[index % seeds.count], &random)) {
            claimed += 1
        }
        #expect(claimed > 0 && claimed < 4_000)
    }
}
