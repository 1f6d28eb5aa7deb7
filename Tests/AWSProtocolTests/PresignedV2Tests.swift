import Testing

@testable import AWSProtocol

@Suite struct PresignedV2Tests {
    @Test("what botocore presigned is read and verified until its last second")
    func botocore() throws {
        let records = try SignedRecord.all("v2")
        #expect(records.count == 40)
        for record in records {
            let claim = try #require(try PresignedV2.parse(record.request))
            #expect(claim.accessKey == record.accessKey)
            #expect(claim.expiry == record.now + record.expires)
            #expect(claim.sessionToken == record.token)
            #expect(throws: Never.self, "\(claim.stringToSign(record.request))") {
                try claim.verify(record.request, secret: record.secret, now: claim.expiry)
            }
            #expect(throws: SignatureError.presignedExpired(expiry: claim.expiry, now: claim.expiry + 1)) {
                try claim.verify(record.request, secret: record.secret, now: claim.expiry + 1)
            }
            #expect(throws: SignatureError.wrongSignature) {
                try claim.verify(record.request, secret: "x", now: record.now)
            }
            #expect(try RequestSignature.parse(record.request) == nil)
        }
    }

    @Test("another method, path, sub-resource, header or time is refused")
    func changes() throws {
        for record in try SignedRecord.all("v2") {
            func refused(_ change: (inout SignableRequest) -> Void) throws {
                var request = record.request
                change(&request)
                let claim = try #require(try PresignedV2.parse(request))
                #expect(throws: SignatureError.wrongSignature) {
                    try claim.verify(request, secret: record.secret, now: record.now)
                }
            }
            try refused { $0.method = "PATCH" }
            try refused { $0.target = "/x" + $0.target }
            try refused { $0.target += "&uploadId=x" }
            try refused { $0.headers.append(("X-Amz-Copy-Source", "/other/object")) }
            var later = record.request
            later.target = later.target.replacing("Expires=\(record.now + record.expires)", with: "Expires=4999999999")
            let claim = try #require(try PresignedV2.parse(later))
            #expect(throws: SignatureError.wrongSignature) {
                try claim.verify(later, secret: record.secret, now: record.now)
            }
        }
    }

    @Test("incomplete addresses are refused, others are none")
    func incomplete() throws {
        for query in [
            "", "&Signature=YQ%3D%3D", "&Expires=1", "&Signature=YQ%3D%3D&Expires=x", "&Signature=Y&Expires=1",
        ] {
            let request = SignableRequest(method: "GET", target: "/b?AWSAccessKeyId=AK" + query, headers: [])
            #expect(throws: SignatureError.self) { try PresignedV2.parse(request) }
        }
        #expect(try PresignedV2.parse(SignableRequest(method: "GET", target: "/b?Signature=a", headers: [])) == nil)
    }
}
