import Testing

@testable import S3Client

@Suite("Documents from servers")
struct DocumentTests {
    private static let list = """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>models</Name><Prefix>a/</Prefix>
        <KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
        <NextContinuationToken>1/x+y==</NextContinuationToken>
        <Contents><Key>a/b+c%2Bd%26%C3%A9</Key><Size>5</Size><ETag>&quot;abc-2&quot;</ETag></Contents>
        <Contents><Key>a/%E4%BD%A0</Key><Size>0</Size><ETag>d41d8</ETag></Contents></ListBucketResult>
        """
    private static let lent = """
        <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s/s+s=</SecretAccessKey><SessionToken>t</SessionToken>
        <Expiration>2026-01-31T23:59:59Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
        """
    private static let document = """
        {"Code": "Success", "AccessKeyId": "ASIA2", "SecretAccessKey": "s", "Token": "t",
        "Expiration": "2026-01-31T23:59:59.500Z", "Type": "AWS-HMAC"}
        """

    @Test("A page of a listing has objects and says how to go on")
    func page() throws {
        let document = try ListDocument(parsing: Array(Self.list.utf8), bucket: "models")
        #expect(
            document.objects == [
                S3Object(bucket: "models", key: "a/b c+d&\u{e9}", byteCount: 5, etag: "\"abc-2\""),
                S3Object(bucket: "models", key: "a/\u{4f60}", byteCount: 0, etag: "\"d41d8\""),
            ])
        #expect(document.continuation == "1/x+y==")
    }

    @Test("Keys are not decoded when the server did not encode them")
    func plain() throws {
        let text = Self.list.replacing("<EncodingType>url</EncodingType>", with: "")
        let document = try ListDocument(parsing: Array(text.utf8), bucket: "models")
        #expect(document.objects.first?.key == "a/b+c%2Bd%26%C3%A9")
    }

    @Test(
        "A listing without what is needed is refused",
        arguments: [
            ("<Size>5</Size>", "no size of the object a/b c+d&\u{e9} in the listing"),
            (
                "<ETag>&quot;abc-2&quot;</ETag>",
                "no ETag of the object a/b c+d&\u{e9} in the listing, so that its changing would go unnoticed"
            ),
            ("<Key>a/b+c%2Bd%26%C3%A9</Key>", "an object without a key in the listing"),
            (
                "<NextContinuationToken>1/x+y==</NextContinuationToken>",
                "the listing is cut and does not say how to go on"
            ),
        ])
    func incomplete(_ part: String, _ reason: String) {
        let text = Self.list.replacing(part, with: "")
        #expect(throws: ListDocumentError(reason: reason)) {
            try ListDocument(parsing: Array(text.utf8), bucket: "models")
        }
    }

    @Test("Errors of S3 and of the token service have code, message and region")
    func errors() throws {
        let error =
            "<Error><Code>PermanentRedirect</Code><Message>Go\naway.</Message><Region>eu-west-1</Region></Error>"
        let document = try #require(ErrorDocument(parsing: Array(error.utf8)))
        #expect(document.code == "PermanentRedirect")
        #expect(document.message == "Go away")
        #expect(document.region == "eu-west-1")
        let wrapped = "<ErrorResponse>\(error)<RequestId>1</RequestId></ErrorResponse>"
        #expect(ErrorDocument(parsing: Array(wrapped.utf8)) == document)
        #expect(ErrorDocument(parsing: Array("<html>Bad gateway</html>".utf8)) == nil)
    }

    @Test("Keys are read from the token service's XML and from the metadata's JSON")
    func keys() {
        let expiration = 1_769_903_999
        #expect(
            TokenDocument.parse(Array(Self.lent.utf8))
                == S3Credentials(
                    accessKeyID: "ASIA1", secretAccessKey: "s/s+s=", sessionToken: "t", expiration: expiration))
        #expect(
            CredentialDocument.parse(Array(Self.document.utf8))
                == S3Credentials(accessKeyID: "ASIA2", secretAccessKey: "s", sessionToken: "t", expiration: expiration))
        #expect(CredentialDocument.parse(Array("{\"Code\": \"Failed\"}".utf8)) == nil)
    }

    @Test("Keys show their public half alone")
    func secrets() {
        let keys = S3Credentials(accessKeyID: "AKIA", secretAccessKey: "hidden", sessionToken: "hidden too")
        #expect("\(keys)" == "access key AKIA")
        #expect(String(reflecting: keys) == "access key AKIA")
    }

    @Test(
        "A content range is a range of bytes and the size of the whole",
        arguments: [
            ("bytes 0-99/1000", 0..<100, 1000), ("bytes 5-5/6", 5..<6, 6), ("bytes 0-9/*", 0..<10, nil),
        ] as [(String, Range<Int>, Int?)])
    func contentRange(_ text: String, _ range: Range<Int>, _ total: Int?) {
        #expect(ContentRange(text)?.range == range)
        #expect(ContentRange(text)?.total == total)
    }

    @Test(
        "What is no content range is none",
        arguments: [
            "", "bytes", "bytes 0-9", "bytes 9-0/10", "bytes 0-9/9", "bytes -9/10", "bytes */10", "bytes 0-9/10/11",
            "bytes 0-9223372036854775807/*", "bytes 0-99999999999999999999/*", "items 0-9/10", "bytes +0-9/10",
        ])
    func noContentRange(_ text: String) {
        #expect(ContentRange(text) == nil)
    }

    @Test("Mutated documents are read or refused")
    func mutations() {
        var generator = SeededGenerator(seed: 4)
        var taken = 0
        for _ in 0..<2000 {
            let list = mutated(Array(Self.list.utf8), &generator)
            if (try? ListDocument(parsing: list, bucket: "models")) != nil { taken += 1 }
            if ErrorDocument(parsing: list) != nil { taken += 1 }
            if TokenDocument.parse(mutated(Array(Self.lent.utf8), &generator)) != nil { taken += 1 }
            if CredentialDocument.parse(mutated(Array(Self.document.utf8), &generator)) != nil { taken += 1 }
            let range = mutated(Array("bytes 0-99/1000".utf8), &generator)
            if ContentRange(String(decoding: range, as: UTF8.self)) != nil { taken += 1 }
        }
        #expect((1..<10_000).contains(taken))
    }
}
