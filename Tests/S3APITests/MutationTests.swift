import AWSProtocol
import HTTPTypes
import Testing

@Suite struct MutationTests {
    /// A request of any operation.
    private struct Sample {
        let method: HTTPRequest.Method
        let target: String
        var headers: [(String, String)] = []
        var body = ""
    }

    private static let samples: [Sample] = [
        Sample(method: .get, target: "/bucket?list-type=2&prefix=a&delimiter=%2F&max-keys=2&continuation-token=YQ=="),
        Sample(method: .get, target: "/bucket?marker=a&encoding-type=url"),
        Sample(method: .get, target: "/bucket?uploads&key-marker=a&upload-id-marker=b"),
        Sample(
            method: .get, target: "/bucket/a?partNumber=1&response-content-type=a/b",
            headers: [("range", "bytes=1-2"), ("if-none-match", "\"0\"")]),
        Sample(
            method: .put, target: "/bucket/b%20c",
            headers: [
                ("content-md5", "sZRqySSS0jR8YjW00mERhA=="), ("x-amz-checksum-crc32", "NjowIA=="),
                ("x-amz-meta-m", "1"), ("x-amz-tagging", "a=b"), ("content-encoding", "gzip"),
            ], body: "hello\n"),
        Sample(
            method: .put, target: "/bucket/c",
            headers: [
                ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
                ("x-amz-decoded-content-length", "6"), ("x-amz-trailer", "x-amz-checksum-crc32"),
            ], body: "6\r\nhello\n\r\n0\r\nx-amz-checksum-crc32:NjowIA==\r\n\r\n"),
        Sample(
            method: .put, target: "/bucket/d",
            headers: [("x-amz-copy-source", "/bucket/a?versionId=null"), ("x-amz-metadata-directive", "REPLACE")]),
        Sample(method: .post, target: "/bucket/e?uploads", headers: [("x-amz-checksum-type", "FULL_OBJECT")]),
        Sample(method: .put, target: "/bucket/e?uploadId=UPLOAD&partNumber=1", body: "x"),
        Sample(
            method: .put, target: "/bucket/e?uploadId=UPLOAD&partNumber=2",
            headers: [("x-amz-copy-source", "bucket/a"), ("x-amz-copy-source-range", "bytes=0-1")]),
        Sample(
            method: .post, target: "/bucket/e?uploadId=UPLOAD", headers: [("x-amz-mp-object-size", "1")],
            body:
                "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>"
        ),
        Sample(method: .post, target: "/bucket?delete", body: "<Delete><Object><Key>z</Key></Object></Delete>"),
        Sample(
            method: .put, target: "/bucket/a?tagging",
            body: "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"),
        Sample(method: .put, target: "/other-bucket", body: "<CreateBucketConfiguration/>"),
    ]

    @Test("no request gives an internal error, whatever is changed in it", arguments: 0..<8 as Range<UInt64>)
    func mutations(_ seed: UInt64) async throws {
        var random = SeededGenerator(state: seed)
        let server = try await S3Server()
        try await server.put("a")
        let upload = try await server.send(.post, "/bucket/e?uploads").xml.text(of: "UploadId") ?? ""
        var successes = 0
        for _ in 0..<250 {
            var sample = Self.samples[Int.random(in: 0..<Self.samples.count, using: &random)]
            var target = Array(sample.target.replacing("UPLOAD", with: upload).utf8)
            var body = Array(sample.body.utf8)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: target = [UInt8(ascii: "/")] + mutated(Array(target.dropFirst()), &random)
            case 1: body = mutated(body, &random)
            case 2 where !sample.headers.isEmpty:
                let index = Int.random(in: 0..<sample.headers.count, using: &random)
                let value = mutated(Array(sample.headers[index].1.utf8), &random)
                sample.headers[index].1 = String(decoding: value, as: UTF8.self)
            default: break
            }
            let answer = try await server.send(
                sample.method, String(decoding: target, as: UTF8.self), sample.headers, body: body)
            #expect(
                answer.status < 500 || answer.status == 501,
                "\(sample.method) \(String(decoding: target, as: UTF8.self)) \(sample.headers): \(answer.text)")
            if answer.status < 300 { successes += 1 }
        }
        #expect(successes > 0 && successes < 250)
    }
}

/// SplitMix64: the same numbers in every run.
private struct SeededGenerator: RandomNumberGenerator {
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
private func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !result.isEmpty {
        let place = Int.random(in: 0..<result.count, using: &random)
        let piece = place..<min(place + 20, result.count)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: result[place] = UInt8.random(in: 0...255, using: &random)
        case 1: result.remove(at: place)
        case 2: result.insert(UInt8.random(in: 0...255, using: &random), at: place)
        case 3: result.removeSubrange(piece)
        default: result.insert(contentsOf: result[piece], at: place)
        }
    }
    return result
}
