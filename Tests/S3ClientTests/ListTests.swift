import Testing

@testable import S3Client

@Suite("Listing a bucket", .timeLimit(.minutes(1)))
struct ListTests {
    private static let odd = [
        "m/a b+c", "m/%41&=?#", "m/\u{e9}", "m/e\u{301}", "m/\u{1f600}", "m//double", "m/../up", "m/./here", "m/<&>\"'",
        "m/tab\tand\u{1}", "m/", "m/~-_.!*'()", "m/%2F", "m/z",
    ]

    @Test("All pages come, with odd keys as they are, and every object can be read", arguments: [1, 3, 1000])
    func pages(_ pageSize: Int) async throws {
        let bucket = FakeBucket(["m": [1], "m-2/config.json": [2]], pageSize: pageSize)
        for key in Self.odd { bucket.put(key, Array("<\(key)>".utf8)) }
        try await FaultServer.run({ bucket.answer($0) }) { server in
            let client = try testClient(server)
            let objects = try await client.list(S3URI(bucket: FakeBucket.name, key: "m"))
            let expected = Self.odd.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            #expect(objects.map { Array($0.key.utf8) } == expected.map { Array($0.utf8) })
            for object in objects {
                let bytes = try await client.read(object, 0..<object.byteCount)
                #expect(bytes == Array("<\(object.key)>".utf8))
            }
        }
    }

    @Test("An empty folder has no objects")
    func empty() async throws {
        let bucket = FakeBucket(["a": [1]])
        try await FaultServer.run({ bucket.answer($0) }) { server in
            let found = try await testClient(server).list(S3URI(bucket: FakeBucket.name, key: "b"))
            #expect(found.isEmpty)
        }
    }

    @Test("More objects than wanted are an error")
    func limit() async throws {
        let bucket = FakeBucket([:], pageSize: 7)
        for number in 0..<30 { bucket.put("m/\(number)", [0]) }
        try await FaultServer.run({ bucket.answer($0) }) { server in
            let error = await #expect(throws: S3Error.self) {
                try await testClient(server).list(S3URI(bucket: FakeBucket.name, key: "m"), limit: 20)
            }
            #expect(error?.reason == .tooManyObjects(limit: 20))
            #expect(server.requests.count == 3)
        }
    }

    @Test("A page that fails is asked for again")
    func retries() async throws {
        let bucket = FakeBucket([:], pageSize: 4)
        for number in 0..<10 { bucket.put("m/\(number)", [0]) }
        let count = RequestCounter()
        try await FaultServer.run({ request in
            switch count.next() {
            case 1: .refusal(503, "SlowDown")
            case 2: [.close]
            case 4: .refusal(500, "InternalError")
            case 5: .answer(200, body: Array("<ListBucketResult><IsTruncated>true".utf8))
            default: bucket.answer(request)
            }
        }) { server in
            let found = try await testClient(server).list(S3URI(bucket: FakeBucket.name, key: "m"))
            #expect(found.count == 10)
            #expect(server.requests.count == 7)
        }
    }

    @Test("A listing that goes in circles ends")
    func circle() async throws {
        let page =
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken>"
            + "</ListBucketResult>"
        try await FaultServer.run({ _ in .answer(200, body: Array(page.utf8)) }) { server in
            let error = await #expect(throws: S3Error.self) {
                try await testClient(server).list(S3URI(bucket: FakeBucket.name))
            }
            #expect(error?.reason == .unexpectedAnswer("the listing goes in circles"))
        }
    }

    @Test("Keys outside the prefix are not taken")
    func foreign() async throws {
        let page =
            "<ListBucketResult><Contents><Key>other/a</Key><Size>1</Size><ETag>a</ETag></Contents></ListBucketResult>"
        try await FaultServer.run({ _ in .answer(200, body: Array(page.utf8)) }) { server in
            let error = await #expect(throws: S3Error.self) {
                try await testClient(server).list(S3URI(bucket: FakeBucket.name, key: "m"))
            }
            #expect(
                error?.reason == .unexpectedAnswer("the listing has keys outside the prefix that was asked for"))
        }
    }

    @Test("A bucket that is not there is named with the action")
    func missing() async throws {
        let bucket = FakeBucket([:])
        try await FaultServer.run({ bucket.answer($0) }) { server in
            let error = await #expect(throws: S3Error.self) {
                try await testClient(server).list(S3URI(bucket: "nothing"))
            }
            #expect(error?.isNotFound == true)
            #expect(
                error?.description == "s3:ListBucket on arn:aws:s3:::nothing: 404 NoSuchBucket: Because; "
                    + "check the bucket's name and the endpoint")
        }
    }
}
