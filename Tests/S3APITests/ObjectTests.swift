import AWSProtocol
import HTTPTypes
import Testing

@Suite struct ObjectTests {
    @Test("what was stored comes back with its headers")
    func roundTrip() async throws {
        let server = try await S3Server()
        let stored = try await server.send(
            .put, "/bucket/a",
            [
                ("content-type", "text/plain"), ("cache-control", "no-cache"), ("content-encoding", "aws-chunked,gzip"),
                ("x-amz-meta-one", "1"), ("X-Amz-Meta-Two", "a"), ("x-amz-meta-two", "b"), ("x-amz-tagging", "k=v&l=w"),
            ], text: "hello\n")
        #expect(stored["etag"] == "\"b1946ac92492d2347c6235b4d2611184\"")
        #expect(stored["x-amz-checksum-crc64nvme"] == "akP7S61aVgc=")
        for method in [.get, .head] as [HTTPRequest.Method] {
            let answer = try await server.send(method, "/bucket/a")
            #expect(answer.text == (method == .get ? "hello\n" : ""))
            #expect(answer["content-length"] == "6")
            #expect(answer["content-type"] == "text/plain")
            #expect(answer["content-encoding"] == "gzip")
            #expect(answer["cache-control"] == "no-cache")
            #expect(answer["x-amz-meta-one"] == "1")
            #expect(answer["x-amz-meta-two"] == "a,b")
            #expect(answer["x-amz-tagging-count"] == "2")
            #expect(answer["etag"] == stored["etag"])
        }
        let changed = try await server.send(.get, "/bucket/a?response-content-type=a/b")
        #expect(changed["content-type"] == "a/b")
        let checked = try await server.send(.get, "/bucket/a", [("x-amz-checksum-mode", "ENABLED")])
        #expect(checked["x-amz-checksum-crc64nvme"] == "akP7S61aVgc=")
        #expect(try await server.send(.delete, "/bucket/a").status == 204)
        #expect(try await server.send(.delete, "/bucket/a").status == 204)
        let error = try await server.send(.get, "/bucket/a")
        try error.expectError(404, "NoSuchKey")
        #expect(try error.xml.text(of: "Resource") == "/bucket/a")
    }

    @Test(
        "a range is answered as RFC 9110 says",
        arguments: [
            ("bytes=0-0", "0", "0-0"), ("bytes=2-4", "234", "2-4"), ("bytes=7-", "789", "7-9"),
            ("bytes=-3", "789", "7-9"), ("bytes=-99", "0123456789", "0-9"),
            ("bytes=5-99999999999999999999", "56789", "5-9"), ("bytes=4-2", "0123456789", nil),
            ("bytes=0-1,3-4", "0123456789", nil), ("items=0-1", "0123456789", nil), ("bytes=10-", nil, nil),
            ("bytes=-0", nil, nil),
        ] as [(String, String?, String?)])
    func ranges(_ range: String, _ text: String?, _ bounds: String?) async throws {
        let server = try await S3Server()
        _ = try await server.send(.put, "/bucket/a", text: "0123456789")
        let answer = try await server.send(.get, "/bucket/a", [("range", range)])
        guard let text else { return try answer.expectError(416, "InvalidRange") }
        #expect(answer.status == (bounds == nil ? 200 : 206))
        #expect(answer.text == text)
        #expect(answer["content-range"] == bounds.map { "bytes \($0)/10" })
    }

    @Test("conditions on reading and on storing are kept, before a body is read")
    func conditions() async throws {
        let server = try await S3Server()
        try await server.put("a")
        let tag = try #require(try await server.send(.head, "/bucket/a")["etag"])
        #expect(try await server.send(.get, "/bucket/a", [("if-none-match", tag)]).status == 304)
        #expect(try await server.send(.get, "/bucket/a", [("if-match", tag)]).text == "x")
        try await server.send(.get, "/bucket/a", [("if-match", "\"0\"")]).expectError(412, "PreconditionFailed")
        let future = [("if-modified-since", "Tue, 01 Jan 2999 00:00:00 GMT")]
        #expect(try await server.send(.get, "/bucket/a", future).status == 304)
        let past = [("if-unmodified-since", "Sat, 01 Jan 2000 00:00:00 GMT")]
        try await server.send(.get, "/bucket/a", past).expectError(412, "PreconditionFailed")
        // These bodies break their framing: the condition is what is answered first.
        for condition in [("if-none-match", "*"), ("if-match", "\"0\"")] {
            let framing = [
                ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("x-amz-decoded-content-length", "9"),
            ]
            try await server.send(.put, "/bucket/a", framing + [condition], text: "1")
                .expectError(412, "PreconditionFailed")
        }
        #expect(try await server.send(.put, "/bucket/a", [("if-match", tag)], text: "y").status == 200)
        #expect(try await server.send(.put, "/bucket/b", [("if-none-match", "*")], text: "y").status == 200)
        try await server.send(.put, "/bucket/c", [("if-match", tag)], text: "y").expectError(404, "NoSuchKey")
        try await server.send(.put, "/bucket/a", [("if-none-match", tag)], text: "y").expectError(501, "NotImplemented")
    }

    @Test("keys are bytes: nothing in them has a meaning")
    func awkwardKeys() async throws {
        let server = try await S3Server()
        let targets = [
            "..", "../..", "a//b", "/", "//", "a/", ".", "a%2F..%2Fb", "a+b", "a%20b", "%C3%BC", "%3F%23%25",
        ]
        for (index, target) in targets.enumerated() {
            #expect(try await server.send(.put, "/bucket/" + target, text: "\(index)").status == 200)
        }
        for (index, target) in targets.enumerated() {
            #expect(try await server.send(.get, "/bucket/" + target).text == "\(index)")
        }
        let keys = try await server.send(.get, "/bucket?list-type=2").texts("Contents", "Key")
        #expect(Set(keys) == ["..", "../..", "a//b", "/", "//", "a/", ".", "a/../b", "a+b", "a b", "ü", "?#%"])
        let longest = String(repeating: "k", count: 1024)
        #expect(try await server.send(.put, "/bucket/" + longest, text: "x").status == 200)
        try await server.send(.put, "/bucket/k" + longest, text: "x").expectError(400, "KeyTooLongError")
        try await server.send(.put, "/bucket/a%00", text: "x").expectError(400, "InvalidURI")
        try await server.send(.put, "/bucket/%FF", text: "x").expectError(400, "InvalidURI")
    }

    @Test("what cannot be honoured is refused, in copies too")
    func unsupported() async throws {
        let server = try await S3Server()
        try await server.put("a")
        let cases = [
            ("x-amz-acl", "public-read", 400, "AccessControlListNotSupported"),
            ("x-amz-grant-read", "id=1", 400, "AccessControlListNotSupported"),
            ("x-amz-server-side-encryption", "aws:kms", 501, "NotImplemented"),
            ("x-amz-object-lock-mode", "GOVERNANCE", 501, "NotImplemented"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY", 400, "InvalidStorageClass"),
        ]
        for (name, value, status, code) in cases {
            try await server.send(.put, "/bucket/b", [(name, value)], text: "x").expectError(status, code)
            try await server.send(.post, "/bucket/b?uploads", [(name, value)]).expectError(status, code)
            try await server.send(.put, "/bucket/b", [(name, value), ("x-amz-copy-source", "bucket/a")])
                .expectError(status, code)
        }
        try await server.send(.put, "/bucket/a?acl").expectError(400, "AccessControlListNotSupported")
        #expect(try await server.send(.get, "/bucket/a?acl").xml.name == "AccessControlPolicy")
        #expect(try await server.send(.head, "/bucket/b").status == 404)
    }

    @Test("objects have one version, which is called null")
    func versions() async throws {
        let server = try await S3Server()
        try await server.put("a")
        #expect(try await server.send(.get, "/bucket/a?versionId=null").text == "x")
        for method in [.get, .delete] as [HTTPRequest.Method] {
            try await server.send(method, "/bucket/a?versionId=1").expectError(404, "NoSuchVersion")
        }
        try await server.send(.put, "/bucket/b", [("x-amz-copy-source", "bucket/a?versionId=1")])
            .expectError(404, "NoSuchVersion")
        let copied = try await server.send(.put, "/bucket/b", [("x-amz-copy-source", "bucket/a?versionId=null")])
        #expect(copied.status == 200)
    }

    @Test("an object is copied with its metadata or with other")
    func copies() async throws {
        let server = try await S3Server()
        _ = try await server.send(.put, "/bucket/a%20b", [("x-amz-meta-m", "1")], text: "hello\n")
        let source = ("x-amz-copy-source", "/bucket/a%20b")
        #expect(try await server.send(.put, "/bucket/c", [source]).xml.name == "CopyObjectResult")
        #expect(try await server.send(.get, "/bucket/c")["x-amz-meta-m"] == "1")
        let replacing = [source, ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-m", "2")]
        #expect(try await server.send(.put, "/bucket/d", replacing).status == 200)
        let copy = try await server.send(.get, "/bucket/d")
        #expect(copy["x-amz-meta-m"] == "2" && copy.text == "hello\n")
        try await server.send(.put, "/bucket/a%20b", [source]).expectError(400, "InvalidRequest")
        try await server.send(.put, "/bucket/c", [("x-amz-copy-source", "bucket/none")]).expectError(404, "NoSuchKey")
        try await server.send(.put, "/bucket/c", [("x-amz-copy-source", "none/a")]).expectError(404, "NoSuchBucket")
        try await server.send(.put, "/bucket/c", [("x-amz-copy-source", "bucket")]).expectError(400, "InvalidArgument")
        for condition in [("if-none-match", "*"), ("if-match", "\"0\"")] {
            try await server.send(.put, "/bucket/c", [source, condition]).expectError(412, "PreconditionFailed")
        }
    }

    @Test("copies of an object that is being replaced succeed")
    func copyWhileReplaced() async throws {
        let server = try await S3Server()
        try await server.put("a")
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<60 {
                group.addTask {
                    index.isMultiple(of: 2)
                        ? try await server.send(.put, "/bucket/a", text: "\(index)").status
                        : try await server.send(.put, "/bucket/\(index)", [("x-amz-copy-source", "bucket/a")]).status
                }
            }
            for try await status in group { #expect(status == 200) }
        }
    }

    @Test("tags are set, read and removed")
    func tags() async throws {
        let server = try await S3Server()
        try await server.put("a")
        let document = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
        #expect(try await server.send(.put, "/bucket/a?tagging", text: document).status == 200)
        let found = try await server.send(.get, "/bucket/a?tagging").xml
        #expect(found.child("TagSet")?.child("Tag")?.text(of: "Value") == "v")
        #expect(try await server.send(.delete, "/bucket/a?tagging").status == 204)
        #expect(try await server.send(.get, "/bucket/a?tagging").xml.child("TagSet")?.children.isEmpty == true)
        try await server.send(.put, "/bucket/a?tagging", text: "<Tagging>").expectError(400, "MalformedXML")
    }

    @Test("many objects are deleted at once, absent ones too, and each fault is told")
    func batches() async throws {
        let server = try await S3Server()
        try await server.put("a", "b", "c")
        let document =
            "<Delete><Object><Key>a</Key></Object><Object><Key>none</Key></Object><Object><Key>b</Key>"
            + "<VersionId>7</VersionId></Object></Delete>"
        let answer = try await server.send(.post, "/bucket?delete", text: document)
        #expect(try answer.texts("Deleted", "Key") == ["a", "none"])
        #expect(try answer.texts("Error", "Code") == ["NoSuchVersion"])
        let quiet = "<Delete><Quiet>true</Quiet><Object><Key>b</Key></Object></Delete>"
        #expect(try await server.send(.post, "/bucket?delete", text: quiet).xml.children.isEmpty)
        #expect(try await server.send(.get, "/bucket").texts("Contents", "Key") == ["c"])
        for text in ["", "<Delete/>", "<Other/>", "<Delete><Object/></Delete>"] {
            try await server.send(.post, "/bucket?delete", text: text).expectError(400, "MalformedXML")
        }
    }
}
