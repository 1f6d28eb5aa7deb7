import APISupport
import AWSProtocol
import Foundation
import HTTPTypes
import ObjectStore
import TestSupport
import Testing

/// How bodies arrive, and what clients say about them.
@Suite struct FramingTests {
    private static let unsignedChunks = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("x-amz-decoded-content-length", "6"),
    ]

    @Test(
        "each checksum is compared, stored and told",
        arguments: [
            ("crc32", "NjowIA=="), ("crc64nvme", "akP7S61aVgc="),
            ("sha256", "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="),
        ])
    func checksums(_ name: String, _ value: String) async throws {
        let server = try await S3Server()
        let header = "x-amz-checksum-" + name
        let stored = try await server.send(.put, "/bucket/a", [(header, value)], text: "hello\n")
        #expect(stored.status == 200 && stored[header] == value)
        #expect(try await server.send(.head, "/bucket/a", [("x-amz-checksum-mode", "ENABLED")])[header] == value)
        try await server.send(.put, "/bucket/b", [(header, value)], text: "hallo\n").expectError(400, "BadDigest")
        try await server.send(.put, "/bucket/b", [(header, "x")], text: "hello\n").expectError(400, "InvalidRequest")
        let trailer = Self.unsignedChunks + [("x-amz-trailer", header)]
        let body = "6\r\nhello\n\r\n0\r\n\(header):\(value)\r\n\r\n"
        #expect(try await server.send(.put, "/bucket/c", trailer, text: body)[header] == value)
        try await server.send(.put, "/bucket/b", trailer, text: body.replacing("hello", with: "hallo"))
            .expectError(400, "BadDigest")
        try await server.send(.put, "/bucket/b", trailer, text: "6\r\nhello\n\r\n0\r\n\r\n")
            .expectError(400, "MalformedTrailerError")
        #expect(try await server.send(.head, "/bucket/b").status == 404)
    }

    @Test("digests and lengths that contradict the body or each other are refused")
    func contradictions() async throws {
        let server = try await S3Server()
        let cases: [([(String, String)], Int, String)] = [
            ([("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")], 400, "BadDigest"),
            ([("content-md5", "x")], 400, "InvalidDigest"),
            ([("x-amz-content-sha256", RequestSigner.emptyPayloadHash)], 400, "XAmzContentSHA256Mismatch"),
            ([("x-amz-content-sha256", "x")], 400, "InvalidArgument"),
            (
                [("x-amz-checksum-crc32", "NjowIA=="), ("x-amz-sdk-checksum-algorithm", "SHA256")], 400,
                "InvalidRequest"
            ),
            ([("x-amz-sdk-checksum-algorithm", "XXHASH3")], 400, "InvalidRequest"),
            (
                [("x-amz-checksum-crc32", "NjowIA=="), ("x-amz-checksum-crc64nvme", "akP7S61aVgc=")], 400,
                "InvalidRequest"
            ),
        ]
        for (headers, status, code) in cases {
            try await server.send(.put, "/bucket/a", headers, text: "hello\n").expectError(status, code)
        }
        try await server.send(.put, "/bucket/a").expectError(411, "MissingContentLength")
        for body in ["5\r\nhello\r\n0\r\n\r\n", "6\r\nhello", "7\r\nhello\n\n\r\n0\r\n\r\n"] {
            try await server.send(.put, "/bucket/a", Self.unsignedChunks, text: body).expectError(400, "IncompleteBody")
        }
        try await server.send(.put, "/bucket/a", Self.unsignedChunks, text: "hello\n").expectError(
            400, "InvalidRequest")
        let large = [UInt8](repeating: 0, count: 1 << 20 + 1)
        try await server.send(.put, "/bucket/a", body: large).expectError(400, "EntityTooLarge")
        #expect(try await server.send(.head, "/bucket/a").status == 404)
        let agreeing = [("x-amz-checksum-crc32", "NjowIA=="), ("x-amz-sdk-checksum-algorithm", "crc32")]
        #expect(try await server.send(.put, "/bucket/a", agreeing, text: "hello\n").status == 200)
    }

    /// A request signed with a key, its body in signed chunks; one byte may be changed.
    private struct SignedUpload {
        let id: String
        let secret: String
        var hasTrailers = false
        var changed: (String, String)?

        func send(to server: S3Server, _ target: String, _ payload: String) async throws -> S3Answer {
            let now = Int(Date().timeIntervalSince1970)
            let signer = RequestSigner(accessKey: id, secret: secret, region: "us-east-1", service: "s3")
            let count = payload.utf8.count
            var headers = [("host", "localhost"), ("x-amz-decoded-content-length", "\(count)")]
            if hasTrailers { headers.append(("x-amz-trailer", "x-amz-checksum-crc32")) }
            let hash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + (hasTrailers ? "-TRAILER" : "")
            let signed = signer.sign(
                SignableRequest(method: "PUT", target: target, headers: headers), payloadHash: hash, now: now)
            let signature = try #require(try RequestSignature.parse(signed))
            var chunks = signature.chunkSigning(secret: secret)
            var body = ""
            for piece in [payload, ""] {
                let seal = chunks.signChunk(hash: Checksum.of(Array(piece.utf8), .sha256))
                body += String(piece.utf8.count, radix: 16) + ";chunk-signature=\(seal)\r\n" + piece
                if !piece.isEmpty { body += "\r\n" }
            }
            if hasTrailers {
                let line = "x-amz-checksum-crc32:" + Base64.encode(Checksum.of(Array(payload.utf8), .crc32))
                let seal = chunks.signTrailers(hash: Checksum.of(Array((line + "\n").utf8), .sha256))
                body += line + "\r\nx-amz-trailer-signature:\(seal)\r\n"
            }
            body += "\r\n"
            if let changed { body = body.replacing(changed.0, with: changed.1) }
            return try await server.send(
                .put, target, signed.headers.filter { $0.name != "host" }.map { ($0.name, $0.value) }, text: body)
        }
    }

    @Test("signed chunks are stored if every signature is right", arguments: [false, true])
    func signedChunks(_ hasTrailers: Bool) async throws {
        let key = try temporaryAccessKey()
        let server = try await S3Server(Authenticator(keys: key.keys))
        var upload = SignedUpload(id: key.id, secret: key.secret, hasTrailers: hasTrailers)
        #expect(try await upload.send(to: server, "/bucket/a", "hello\n").status == 200)
        upload.changed = ("hello", "hallo")
        try await upload.send(to: server, "/bucket/b", "hello\n").expectError(403, "SignatureDoesNotMatch")
        upload.changed = ("0;chunk-signature=", "0;chunk-signature=0")
        try await upload.send(to: server, "/bucket/b", "hello\n").expectError(403, "SignatureDoesNotMatch")
        if hasTrailers {
            upload.changed = ("NjowIA==", "NjowIQ==")
            try await upload.send(to: server, "/bucket/b", "hello\n").expectError(403, "SignatureDoesNotMatch")
            upload.changed = ("x-amz-trailer-signature:", "x-other:")
            try await upload.send(to: server, "/bucket/b", "hello\n").expectError(400, "InvalidRequest")
        }
        upload.changed = nil
        upload = SignedUpload(id: key.id, secret: key.secret + "x", hasTrailers: hasTrailers)
        try await upload.send(to: server, "/bucket/b", "hello\n").expectError(403, "SignatureDoesNotMatch")
        upload = SignedUpload(id: "AKIANONE", secret: key.secret, hasTrailers: hasTrailers)
        try await upload.send(to: server, "/bucket/b", "hello\n").expectError(403, "InvalidAccessKeyId")
        let objects = try await server.store.list("bucket", .init(prefix: [], delimiter: [], limit: 9)).entries
        #expect(objects.count == 1)
    }
}
