import Testing

@testable import S3Client

@Suite("S3 URIs")
struct S3URITests {
    @Test("A URI has a bucket and a key")
    func parts() throws {
        #expect(try S3URI("s3://models") == S3URI(bucket: "models"))
        #expect(try S3URI("s3://models/") == S3URI(bucket: "models"))
        #expect(try S3URI("s3://my.models-1/a/B_(c)!*'/d.e/") == S3URI(bucket: "my.models-1", key: "a/B_(c)!*'/d.e/"))
        #expect(try S3URI("s3://abc/../.") == S3URI(bucket: "abc", key: "../."))
    }

    @Test("A folder's prefix ends with a slash, a bucket's is empty")
    func prefix() {
        #expect(S3URI(bucket: "models").folderPrefix == "")
        #expect(S3URI(bucket: "models", key: "a").folderPrefix == "a/")
        #expect(S3URI(bucket: "models", key: "a/").folderPrefix == "a/")
    }

    @Test(
        "What is wrong is said",
        arguments: [
            ("", "it does not begin with s3://"),
            ("S3://models", "it does not begin with s3://"),
            ("https://models.s3.amazonaws.com/a", "it does not begin with s3://"),
            ("s3://", "the bucket's name has 0 characters, it must have 3 to 63"),
            ("s3://ab/c", "the bucket's name has 2 characters, it must have 3 to 63"),
            ("s3://Models/", "\"M\" in the bucket's name: it may hold a-z, 0-9, \"-\" and \".\""),
            ("s3://-models/", "the bucket's name must begin and end with one of a-z and 0-9"),
            ("s3://models./", "the bucket's name must begin and end with one of a-z and 0-9"),
            ("s3://models//a", "two slashes behind the bucket"),
            ("s3://models/a//", "two slashes behind each other"),
            ("s3://models/a b", "the byte 32 in the prefix: it may hold a-z, A-Z, 0-9, \"/\" and any of -!_*'()."),
            ("s3://models/a+b", "\"+\" in the prefix: it may hold a-z, A-Z, 0-9, \"/\" and any of -!_*'()."),
            ("s3://models/é", "the byte 195 in the prefix: it may hold a-z, A-Z, 0-9, \"/\" and any of -!_*'()."),
        ])
    func wrong(_ text: String, _ reason: String) {
        #expect(throws: S3URIError(reason: reason)) { try S3URI(text) }
    }

    @Test("A URI has at most 1,024 bytes")
    func longest() throws {
        let longest = "s3://models/" + String(repeating: "a", count: 1012)
        #expect(try S3URI(longest).description == longest)
        #expect(throws: S3URIError(reason: "it has more than 1024 bytes")) { try S3URI(longest + "a") }
    }

    @Test("The parser takes what the service model's pattern takes")
    func pattern() throws {
        let pattern = try Regex(
            "s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-z0-9A-Z]+(?:/[-!_*'().a-z0-9A-Z]+)*)?/?")
        var generator = SeededGenerator(seed: 1)
        let alphabet = Array("ab09-./A_!+ s3:".utf8)
        var taken = 0
        for _ in 0..<4000 {
            let rest = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let text = "s3://" + String(decoding: rest, as: UTF8.self)
            let isTaken = (try? S3URI(text)) != nil
            #expect(isTaken == (text.wholeMatch(of: pattern) != nil), "\(text)")
            if isTaken { taken += 1 }
        }
        #expect(taken > 50)
    }
}
