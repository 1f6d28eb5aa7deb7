import AWSProtocol
import HTTPTypes
import Testing

@Suite struct MultipartTests {
    private func begin(_ server: S3Server, _ headers: [(String, String)] = []) async throws -> String {
        let answer = try await server.send(.post, "/bucket/a?uploads", headers)
        return "/bucket/a?uploadId=" + (try #require(try answer.xml.text(of: "UploadId")))
    }

    /// The document that completes an upload.
    private func document(_ parts: [(number: Int, tag: String)]) -> String {
        "<CompleteMultipartUpload>"
            + parts.map { "<Part><PartNumber>\($0.number)</PartNumber><ETag>\($0.tag)</ETag></Part>" }.joined()
            + "</CompleteMultipartUpload>"
    }

    private func put(_ server: S3Server, _ upload: String, _ number: Int, _ text: String) async throws -> String {
        let answer = try await server.send(.put, "\(upload)&partNumber=\(number)", text: text)
        return try #require(answer["etag"])
    }

    @Test("parts in any order become an object, and are its parts afterwards")
    func outOfOrder() async throws {
        let server = try await S3Server()
        let upload = try await begin(server, [("x-amz-meta-m", "1")])
        let second = try await put(server, upload, 7, "end")
        let first = try await put(server, upload, 3, "0123456789")
        #expect(try await server.send(.get, upload).texts("Part", "PartNumber") == ["3", "7"])
        #expect(try await server.send(.get, "/bucket?uploads").texts("Upload", "Key") == ["a"])
        #expect(try await server.send(.head, "/bucket/a").status == 404)
        let done = try await server.send(.post, upload, text: document([(3, first), (7, second)]))
        #expect(try done.xml.text(of: "ETag")?.hasSuffix("-2\"") == true)
        let whole = try await server.send(.get, "/bucket/a")
        #expect(whole.text == "0123456789end" && whole["x-amz-meta-m"] == "1")
        let part = try await server.send(.get, "/bucket/a?partNumber=2")
        #expect(part.text == "end" && part["x-amz-mp-parts-count"] == "2" && part.status == 206)
        #expect(try await server.send(.get, "/bucket?uploads").texts("Upload", "Key") == [])
    }

    @Test("a part is copied from a range of an object")
    func copiedPart() async throws {
        let server = try await S3Server()
        _ = try await server.send(.put, "/bucket/s", text: "0123456789abcdef")
        let upload = try await begin(server)
        let source = [("x-amz-copy-source", "bucket/s"), ("x-amz-copy-source-range", "bytes=4-15")]
        let copied = try await server.send(.put, "\(upload)&partNumber=1", source)
        let tag = try #require(try copied.xml.text(of: "ETag"))
        #expect(try await server.send(.post, upload, text: document([(1, tag)])).status == 200)
        #expect(try await server.send(.get, "/bucket/a").text == "456789abcdef")
        let beyond = [source[0], ("x-amz-copy-source-range", "bytes=4-16")]
        let other = try await begin(server)
        try await server.send(.put, "\(other)&partNumber=1", beyond).expectError(400, "InvalidArgument")
    }

    @Test("lists that do not fit what was uploaded are refused, and the upload goes on")
    func faults() async throws {
        let server = try await S3Server()
        let upload = try await begin(server)
        let first = try await put(server, upload, 1, "short")
        let second = try await put(server, upload, 2, "end")
        let cases = [
            (document([(2, second), (1, first)]), "InvalidPartOrder"), (document([(1, second)]), "InvalidPart"),
            (document([(3, first)]), "InvalidPart"), (document([(1, first), (2, second)]), "EntityTooSmall"),
            (document([]), "MalformedXML"), ("", "MalformedXML"), ("<Other/>", "MalformedXML"),
        ]
        for (text, code) in cases { try await server.send(.post, upload, text: text).expectError(400, code) }
        for number in ["0", "10001", "x", ""] {
            try await server.send(.put, "\(upload)&partNumber=\(number)", text: "x").expectError(400, "InvalidArgument")
        }
        try await server.send(.put, "/bucket/a?partNumber=1", text: "x").expectError(400, "InvalidArgument")
        let none = "/bucket/a?uploadId=none"
        try await server.send(.put, none + "&partNumber=1", text: "x").expectError(404, "NoSuchUpload")
        try await server.send(.post, none, text: document([(1, first)])).expectError(404, "NoSuchUpload")
        try await server.send(.delete, none).expectError(404, "NoSuchUpload")
        #expect(try await server.send(.delete, upload).status == 204)
        try await server.send(.get, upload).expectError(404, "NoSuchUpload")
    }
}
