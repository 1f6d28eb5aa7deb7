import AWSProtocol
import HTTPTypes
import Testing

@Suite struct ListingTests {
    private func filled() async throws -> S3Server {
        let server = try await S3Server()
        try await server.put("a", "b/1", "b/2", "c%20d", "e/f/g", "%C3%BC")
        return server
    }

    @Test("keys come in the order of their bytes, grouped by a delimiter", arguments: ["list-type=2", "list-type=1"])
    func delimiter(_ version: String) async throws {
        let server = try await filled()
        let all = try await server.send(.get, "/bucket?\(version)")
        #expect(try all.texts("Contents", "Key") == ["a", "b/1", "b/2", "c d", "e/f/g", "ü"])
        let grouped = try await server.send(.get, "/bucket?\(version)&delimiter=%2F&encoding-type=url")
        #expect(try grouped.texts("Contents", "Key") == ["a", "c%20d", "%C3%BC"])
        #expect(try grouped.texts("CommonPrefixes", "Prefix") == ["b/", "e/"])
        let inner = try await server.send(.get, "/bucket?\(version)&delimiter=/&prefix=e/")
        #expect(try inner.texts("CommonPrefixes", "Prefix") == ["e/f/"])
        #expect(try inner.texts("Contents", "Key") == [])
    }

    @Test("pages of any size together give all", arguments: 1...7)
    func pages(_ size: Int) async throws {
        let server = try await filled()
        for version in [1, 2] {
            var found: [String] = []
            var place = ""
            while true {
                let page = try await server.send(
                    .get, "/bucket?list-type=\(version)&delimiter=/&max-keys=\(size)" + place)
                let (keys, groups) = (
                    try page.texts("Contents", "Key"), try page.texts("CommonPrefixes", "Prefix")
                )
                #expect(keys.count + groups.count <= size)
                found += keys + groups
                guard try page.xml.text(of: "IsTruncated") == "true" else { break }
                let next = try #require(
                    try page.xml.text(of: version == 1 ? "NextMarker" : "NextContinuationToken"))
                place = (version == 1 ? "&marker=" : "&continuation-token=") + PercentEncoding.encode(next)
            }
            #expect(found.sorted() == ["a", "b/", "c d", "e/", "ü"].sorted())
        }
    }

    @Test("what a listing cannot mean is refused")
    func refused() async throws {
        let server = try await S3Server()
        for query in ["max-keys=x", "max-keys=-1", "encoding-type=b", "continuation-token=%2A"] {
            try await server.send(.get, "/bucket?list-type=2&" + query).expectError(400, "InvalidArgument")
        }
        #expect(try await server.send(.get, "/bucket?max-keys=9999").xml.text(of: "MaxKeys") == "1000")
        #expect(try await server.send(.get, "/bucket?list-type=2&max-keys=0").xml.text(of: "KeyCount") == "0")
    }
}
