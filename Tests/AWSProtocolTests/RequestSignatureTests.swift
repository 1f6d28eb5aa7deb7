import Testing

@testable import AWSProtocol

@Suite struct RequestSignatureTests {
    @Test("what botocore signed is read and verified")
    func botocore() throws {
        let records = try SignedRecord.all("v4", "s3", "v4-query", "s3-query")
        #expect(records.count == 160)
        for record in records {
            let claim = try #require(try RequestSignature.parse(record.request))
            #expect(claim.accessKey == record.accessKey)
            #expect(claim.region == record.region)
            #expect(claim.service == record.service)
            #expect(claim.timestamp == record.now)
            #expect(claim.sessionToken == record.token)
            #expect(claim.form == (record.kind.utf8.count > 4 ? .presigned(expires: record.expires) : .header))
            #expect(throws: Never.self, "\(record.testDescription)") {
                try claim.verify(record.request, secret: record.secret, payloadHash: record.hash, now: record.now)
            }
        }
    }

    @Test("a change of any one part is refused")
    func changes() throws {
        var random = SeededGenerator(state: 1)
        for record in try SignedRecord.all("v4", "s3", "v4-query", "s3-query") {
            #expect(!record.accepts(record.request, secret: record.secret + "x"))
            #expect(!record.accepts(record.request, hash: changed(record.hash, &random)))
            var request = record.request
            request.method = changed(request.method, &random)
            #expect(!record.accepts(request))
            // Why not those: a segment before `..` counts for nothing outside S3.
            if record.service == "s3" || !record.request.path.utf8.reversed().starts(with: "..".utf8) {
                for _ in 0..<8 {
                    request = record.request
                    request.target = changed(request.target, &random)
                    #expect(!record.accepts(request), "\(record.testDescription)\n\(request.target)")
                }
            }
            let signed = try #require(try RequestSignature.parse(record.request)).signedHeaders
            for index in record.request.headers.indices {
                let name = record.request.headers[index].name.lowercased()
                guard signed.contains(name) || name == "authorization", !record.request.headers[index].value.isEmpty
                else { continue }
                request = record.request
                request.headers[index].value = changed(request.headers[index].value, &random)
                #expect(!record.accepts(request), "\(record.testDescription)\n\(request.headers)")
                request = record.request
                request.headers.remove(at: index)
                #expect(!record.accepts(request), "\(record.testDescription) without \(name)")
            }
        }
    }

    /// The text with one byte that is no space replaced by a letter or digit.
    private func changed(_ text: String, _ random: inout SeededGenerator) -> String {
        var bytes = Array(text.utf8)
        let places = bytes.indices.filter { bytes[$0] > 0x20 && bytes[$0] < 0x7F }
        guard let place = places.randomElement(using: &random) else { return text + "x" }
        let next: [UInt8: UInt8] = [UInt8(ascii: "9"): 0x30, UInt8(ascii: "z"): 0x61, UInt8(ascii: "Z"): 0x41]
        switch bytes[place] {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: bytes[place] = next[bytes[place]] ?? bytes[place] + 1
        default: bytes[place] = UInt8(ascii: "x")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("our signer and botocore give the same header")
    func signing() throws {
        for record in try SignedRecord.all("v4", "s3") where record.request.header("x-amz-date") != nil {
            let signer = RequestSigner(
                accessKey: record.accessKey, secret: record.secret, sessionToken: record.token, region: record.region,
                service: record.service)
            let signed = signer.sign(record.request, payloadHash: record.hash, now: record.now)
            #expect(signed.header("authorization") == record.request.header("authorization"))
            #expect(record.accepts(signed))
        }
    }

    @Test("our signer and botocore give the same presigned address")
    func presigning() throws {
        for record in try SignedRecord.all("v4-query", "s3-query") {
            let signer = RequestSigner(
                accessKey: record.accessKey, secret: record.secret, sessionToken: record.token, region: record.region,
                service: record.service)
            var request = record.request
            let own = request.query.split(separator: "&").filter { !$0.hasPrefix("X-Amz-") }.joined(separator: "&")
            request.target = request.path + (own.isEmpty ? "" : "?" + own)
            let target = signer.presign(
                request, payloadHash: record.hash, expires: record.expires, now: record.now)
            #expect(target == record.request.target)
        }
    }

    private static let signed = RequestSigner(
        accessKey: "AK/ID", secret: "secret", sessionToken: nil, region: "us-east-1", service: "bedrock"
    ).sign(
        SignableRequest(method: "POST", target: "/model/a%3Ab/invoke", headers: [("Host", "localhost:8080")]),
        payloadHash: RequestSigner.emptyPayloadHash, now: 1_767_225_600)

    @Test("a signature is good for 15 minutes before and after", arguments: [-901, -900, 0, 900, 901])
    func skew(_ offset: Int) throws {
        let claim = try #require(try RequestSignature.parse(Self.signed))
        #expect(claim.accessKey == "AK/ID")
        let verify = { () throws(SignatureError) in
            try claim.verify(
                Self.signed, secret: "secret", payloadHash: RequestSigner.emptyPayloadHash, now: 1_767_225_600 + offset)
        }
        switch offset {
        case 901:
            #expect(
                throws: SignatureError.expired(
                    "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T001501Z - 15 min.)"
                ),
                performing: verify)
        case -901:
            #expect(
                throws: SignatureError.notYetCurrent(
                    "Signature not yet current: 20260101T000000Z is still later than 20251231T235959Z "
                        + "(20251231T234459Z + 15 min.)"), performing: verify)
        default: #expect(throws: Never.self, performing: verify)
        }
    }

    @Test("a presigned address is good until its last second")
    func presignedExpiry() throws {
        let record = try #require(try SignedRecord.all("s3-query").first)
        let claim = try #require(try RequestSignature.parse(record.request))
        let end = record.now + record.expires
        let verify = { (now: Int) throws(SignatureError) in
            try claim.verify(record.request, secret: record.secret, payloadHash: record.hash, now: now)
        }
        #expect(throws: Never.self) { try verify(end) }
        #expect(throws: SignatureError.presignedExpired(expiry: end, now: end + 1)) { try verify(end + 1) }
        #expect(throws: SignatureError.self) { try verify(record.now - 901) }
    }

    private func parse(_ authorization: String, date: String? = "20260101T000000Z") throws -> RequestSignature? {
        try RequestSignature.parse(
            SignableRequest(
                method: "GET", target: "/",
                headers: [("authorization", authorization)] + (date.map { [("x-amz-date", $0)] } ?? [])))
    }

    private let scope = "AK/20260101/us-east-1/s3/aws4_request"

    @Test("incomplete headers say what is missing")
    func incomplete() throws {
        #expect(throws: SignatureError.malformed("Authorization header requires 'Signature' parameter.")) {
            try parse("AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=host")
        }
        #expect(
            throws: SignatureError.malformed(
                "Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' "
                    + "parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        ) { try parse("AWS4-HMAC-SHA256 Signature=ab", date: nil) }
        for credential in ["AK", "AK/20260101/us-east-1/s3", "/20260101/us-east-1/s3/aws4_request"] {
            #expect(throws: SignatureError.self) {
                try parse("AWS4-HMAC-SHA256 Credential=\(credential), SignedHeaders=host, Signature=ab")
            }
        }
        #expect(throws: SignatureError.self) { try parse("AWS4-HMAC-SHA256 Credential") }
    }

    @Test("a scope of another day or end is refused")
    func scopes() throws {
        let rest = ", SignedHeaders=host, Signature=ab"
        #expect(
            throws: SignatureError.scopeMismatch(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260101' != "
                    + "'20260102', from '20260102T000000Z'.")
        ) { try parse("AWS4-HMAC-SHA256 Credential=\(scope)\(rest)", date: "20260102T000000Z") }
        #expect(throws: SignatureError.self) {
            try parse("AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/s3/aws5_request\(rest)")
        }
        #expect(throws: SignatureError.self) { try parse("AWS4-HMAC-SHA256 Credential=\(scope)\(rest)", date: "now") }
        #expect(
            try parse("AWS4-HMAC-SHA256 Credential=\(scope),SignedHeaders=Host;B,Signature=ab")?.signedHeaders == [
                "host", "b",
            ])
    }

    @Test("other versions are told from no signature")
    func versions() throws {
        #expect(throws: SignatureError.unsupportedVersion) { try parse("AWS AK:c2ln") }
        #expect(throws: SignatureError.unsupportedVersion) { try parse("AWS4-ECDSA-P256-SHA256 Credential=a") }
        #expect(try parse("Bearer key") == nil)
        #expect(try RequestSignature.parse(SignableRequest(method: "GET", target: "/?a=b", headers: [])) == nil)
    }

    @Test("host must be signed, and for S3 all headers of Amazon's")
    func coverage() throws {
        let request = SignableRequest(method: "GET", target: "/", headers: [("x-other", "a")])
        let signer = RequestSigner(accessKey: "AK", secret: "secret", region: "r", service: "s3")
        let hash = RequestSigner.emptyPayloadHash
        let hostless = signer.sign(request, payloadHash: hash, now: 0)
        #expect(throws: SignatureError.unsignedHost) {
            try RequestSignature.parse(hostless)?.verify(hostless, secret: "secret", payloadHash: hash, now: 0)
        }
        var added = signer.sign(
            SignableRequest(method: "PUT", target: "/b/k", headers: [("host", "h")]), payloadHash: hash, now: 0)
        added.headers.append(("X-Amz-Copy-Source", "/b/secret"))
        #expect(throws: SignatureError.unsignedHeaders(["x-amz-copy-source"])) {
            try RequestSignature.parse(added)?.verify(added, secret: "secret", payloadHash: hash, now: 0)
        }
    }

    @Test(
        "expiry times outside 1 to 604,800 seconds are refused",
        arguments: ["0", "604801", "-1", "x", "99999999999999999999"])
    func expiryRange(_ expires: String) throws {
        let target =
            "/b?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260101%2Fr%2Fs3%2Faws4_request"
            + "&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=ab&X-Amz-Expires="
        let request = SignableRequest(method: "GET", target: target + expires, headers: [])
        #expect(throws: SignatureError.malformed("X-Amz-Expires must be a number between 1 and 604800 seconds")) {
            try RequestSignature.parse(request)
        }
        let both = SignableRequest(
            method: "GET", target: target + "60",
            headers: [("authorization", "AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=host, Signature=ab")])
        #expect(throws: SignatureError.self) { try RequestSignature.parse(both) }
    }
}
