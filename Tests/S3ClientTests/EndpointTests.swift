import Testing

@testable import S3Client

@Suite("Addresses of servers and buckets")
struct EndpointTests {
    struct Case: Sendable, CustomStringConvertible {
        var server: String?
        var addressing = S3Addressing.automatic
        var bucket = "models"
        var key: String?
        var region = "eu-central-1"
        var url: String
        var description: String { url }
    }

    @Test(
        "A bucket's URL follows the addressing",
        arguments: [
            Case(key: "a", url: "https://models.s3.eu-central-1.amazonaws.com/a"),
            Case(url: "https://models.s3.eu-central-1.amazonaws.com/"),
            Case(addressing: .path, key: "a", url: "https://s3.eu-central-1.amazonaws.com/models/a"),
            Case(bucket: "a.b", key: "a", url: "https://s3.eu-central-1.amazonaws.com/a.b/a"),
            Case(bucket: "Old_Bucket", key: "a", url: "https://s3.eu-central-1.amazonaws.com/Old_Bucket/a"),
            Case(key: "a", region: "cn-north-1", url: "https://models.s3.cn-north-1.amazonaws.com.cn/a"),
            Case(server: "http://minio:9000", key: "a", url: "http://minio:9000/models/a"),
            Case(server: "http://minio:9000", url: "http://minio:9000/models"),
            Case(server: "http://minio:80/", key: "a", url: "http://minio/models/a"),
            Case(server: "https://minio:443/s3/", key: "a", url: "https://minio/s3/models/a"),
            Case(server: "http://minio:9000", addressing: .virtualHost, key: "a", url: "http://models.minio:9000/a"),
            Case(server: "http://minio", addressing: .virtualHost, bucket: "a.b", key: "c", url: "http://a.b.minio/c"),
            Case(
                server: "https://minio", addressing: .virtualHost, bucket: "a.b", key: "c", url: "https://minio/a.b/c"),
            Case(server: "http://10.0.0.1", addressing: .virtualHost, key: "a", url: "http://10.0.0.1/models/a"),
            Case(server: "http://[::1]:9000", addressing: .virtualHost, key: "a", url: "http://[::1]:9000/models/a"),
            Case(
                server: "https://vpce-1.s3.eu-central-1.vpce.amazonaws.com", key: "a",
                url: "https://models.vpce-1.s3.eu-central-1.vpce.amazonaws.com/a"),
            Case(
                server: "http://minio", key: "//a/../ b+c%2F\u{e9}?&#",
                url: "http://minio/models///a/../%20b%2Bc%252F%C3%A9%3F%26%23"),
        ])
    func url(_ example: Case) throws {
        let server = try example.server.map { try ServerAddress($0, place: "test") }
        let endpoint = S3Endpoint(server: server, addressing: example.addressing)
        let target = endpoint.target(bucket: example.bucket, key: example.key, query: [], region: example.region)
        #expect(target.url == example.url)
    }

    @Test("A query is encoded and sorted by name")
    func query() throws {
        let endpoint = S3Endpoint(server: try ServerAddress("http://minio", place: "test"), addressing: .path)
        let query = [("prefix", "a b/"), ("list-type", "2"), ("list", "+="), ("empty", "")]
        let target = endpoint.target(bucket: "models", key: nil, query: query, region: "eu-central-1")
        #expect(target.wire == "/models?empty=&list=%2B%3D&list-type=2&prefix=a%20b%2F")
        #expect(target.host == "minio")
    }

    @Test(
        "What is no URL of a server is refused",
        arguments: [
            "", "minio:9000", "ftp://minio", "http://", "http://:80", "http://minio:0", "http://minio:x",
            "http://a:70000",
            "http://user:secret@minio", "http://minio/?a=b", "http://mi nio", "http://minio#a", "http://[::1]:", "://a",
        ])
    func wrong(_ text: String) {
        #expect(throws: S3ConfigurationError.self) { try ServerAddress(text, place: "test") }
    }

    @Test("Mutated URLs are read or refused")
    func mutations() {
        var generator = SeededGenerator(seed: 3)
        var refused = 0
        for _ in 0..<3000 {
            let text = String(decoding: mutated(Array("https://[::1]:9000/a/b".utf8), &generator), as: UTF8.self)
            if (try? ServerAddress(text, place: "test")) == nil { refused += 1 }
        }
        #expect((1..<3000).contains(refused))
    }

    @Test("Only names that can be a part of a host are regions")
    func regions() {
        #expect(S3Endpoint.isRegion("us-gov-west-1"))
        for text in ["", "us east", "us.evil.com/", "US-EAST-1", "a@b"] { #expect(!S3Endpoint.isRegion(text)) }
    }
}
