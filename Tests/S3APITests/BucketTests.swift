import AWSProtocol
import HTTPTypes
import Testing

@Suite struct BucketTests {
    @Test("a bucket is made, found, listed and deleted")
    func life() async throws {
        let server = try await S3Server(bucket: nil)
        #expect(try await server.send(.put, "/weights")["location"] == "/weights")
        #expect(try await server.send(.head, "/weights").status == 200)
        #expect(try await server.send(.put, "/weights").status == 200)
        let list = try await server.send(.get, "/").xml
        #expect(list.child("Buckets")?.children(named: "Bucket").map { $0.text(of: "Name") } == ["weights"])
        #expect(try await server.send(.put, "/weights/a", text: "x").status == 200)
        try await server.send(.delete, "/weights").expectError(409, "BucketNotEmpty")
        #expect(try await server.send(.delete, "/weights/a").status == 204)
        #expect(try await server.send(.delete, "/weights").status == 204)
        try await server.send(.get, "/weights").expectError(404, "NoSuchBucket")
        #expect(try await server.send(.head, "/weights").status == 404)
        try await server.send(.put, "/No").expectError(400, "InvalidBucketName")
    }

    @Test("elsewhere than in Amazon's oldest region a second creation is refused")
    func regions() async throws {
        let server = try await S3Server(region: "eu-west-1")
        try await server.send(.put, "/bucket").expectError(409, "BucketAlreadyOwnedByYou")
        #expect(try await server.send(.get, "/bucket?location").xml.text == "eu-west-1")
        #expect(try await S3Server().send(.get, "/bucket?location").xml.text == "")
    }

    @Test("settings that no bucket has are answered as by a bucket without them")
    func aspects() async throws {
        let server = try await S3Server()
        #expect(try await server.send(.get, "/bucket?versioning").xml.name == "VersioningConfiguration")
        #expect(try await server.send(.get, "/bucket?acl").xml.name == "AccessControlPolicy")
        try await server.send(.get, "/bucket?policy").expectError(404, "NoSuchBucketPolicy")
        try await server.send(.get, "/bucket?tagging").expectError(404, "NoSuchTagSet")
        try await server.send(.put, "/bucket?versioning", text: "<a/>").expectError(501, "NotImplemented")
        try await server.send(.delete, "/bucket?policy").expectError(501, "NotImplemented")
        try await server.send(.put, "/bucket?acl").expectError(400, "AccessControlListNotSupported")
        try await server.send(.get, "/none?versioning").expectError(404, "NoSuchBucket")
    }

    @Test("an aspect that is not known is no listing, no download and no upload")
    func unknownAspects() async throws {
        let server = try await S3Server()
        try await server.put("a")
        for name in ["policyStatus", "metadataTable", "versions", "versions=1", "select", "tagging%00"] {
            for method in [.get, .put, .delete, .post] as [HTTPRequest.Method] {
                for path in ["/bucket", "/bucket/a"] {
                    try await server.send(method, "\(path)?\(name)", text: "").expectError(501, "NotImplemented")
                }
            }
        }
        try await server.send(.get, "/bucket/a?location").expectError(501, "NotImplemented")
        try await server.send(.delete, "/bucket/a?uploads").expectError(405, "MethodNotAllowed")
        try await server.send(.put, "/bucket/a?uploads", text: "y").expectError(405, "MethodNotAllowed")
        try await server.send(.delete, "/bucket?delete").expectError(405, "MethodNotAllowed")
        let object = try await server.send(.get, "/bucket/a?x-id=GetObject&x-amz-security-token=&unknown=1")
        #expect(object.text == "x")
    }
}
