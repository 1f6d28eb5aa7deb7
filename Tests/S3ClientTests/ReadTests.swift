import Testing

@testable import S3Client

@Suite("Reading a range", .timeLimit(.minutes(1)))
struct ReadTests {
    private static let key = "m/shard 1.safetensors"
    private let content = randomBytes(300_000, seed: 5)

    private func bucket() -> FakeBucket { FakeBucket([Self.key: content]) }

    /// The first bytes asked for, by request.
    private func starts(_ server: FaultServer) -> [Int] {
        server.requests.compactMap { FakeBucket.range($0)?.lowerBound }
    }

    @Test("The bytes of the range come, signed for, with the version pinned")
    func plain() async throws {
        let bucket = bucket()
        try await FaultServer.run({ bucket.answer($0) }) { server in
            let client = try testClient(server)
            for range in [0..<1, 0..<300_000, 299_999..<300_000, 1000..<200_000] {
                #expect(try await client.read(bucket.object(Self.key), range) == Array(content[range]))
            }
            #expect(try await client.read(bucket.object(Self.key), 7..<7).isEmpty)
            #expect(server.requests.count == 4)
            #expect(server.requests.allSatisfy { $0.header("if-match") == bucket.object(Self.key).etag })
        }
    }

    @Test(
        "A failure that passes is tried again",
        arguments: [
            .refusal(500, "InternalError"), .refusal(502, "BadGateway"), .refusal(503, "SlowDown"),
            .refusal(504, "GatewayTimeout"), .refusal(429, "TooManyRequests"), .refusal(400, "RequestTimeout"),
            .answer(503, body: Array("<html>busy</html>".utf8)), [.close], [.send(Array("HTTP/1.1 2".utf8)), .close],
            [.send(Array("garbage\r\n\r\n".utf8)), .close],
        ] as [[FaultServer.Step]])
    func retry(_ fault: [FaultServer.Step]) async throws {
        let bucket = bucket()
        let count = RequestCounter()
        try await FaultServer.run({ count.next() <= 3 ? fault : bucket.answer($0) }) { server in
            let bytes = try await testClient(server).read(bucket.object(Self.key), 10..<20)
            #expect(bytes == Array(content[10..<20]))
            #expect(server.requests.count == 4)
        }
    }

    @Test("After as many failures as there are attempts the last one is the error")
    func exhausted() async throws {
        let bucket = bucket()
        try await FaultServer.run({ _ in .refusal(503, "SlowDown", "Please reduce your request rate.") }) { server in
            let error = await #expect(throws: S3Error.self) {
                try await testClient(server) { $0.transfer.attempts = 5 }.read(bucket.object(Self.key), 0..<10)
            }
            #expect(
                error?.description == "s3:GetObject on arn:aws:s3:::models/m/shard 1.safetensors: "
                    + "503 SlowDown: Please reduce your request rate")
            #expect(server.requests.count == 5)
        }
    }

    @Test("A connection that breaks in the middle goes on at the byte that was reached", arguments: [1, 1000, 70_000])
    func broken(_ portion: Int) async throws {
        let bucket = bucket()
        let count = RequestCounter()
        try await FaultServer.run({ request in
            guard count.next() <= 4 else { return bucket.answer(request) }
            return Self.cut(bucket, request, after: portion) + [.pause(.milliseconds(50)), .close]
        }) { server in
            let bytes = try await testClient(server).read(bucket.object(Self.key), 5..<300_000)
            #expect(bytes == Array(content[5...]))
            // What came last before the end of the connection may be lost.
            let starts = starts(server)
            #expect(starts.count == 5)
            #expect(zip(starts, starts.dropFirst()).allSatisfy { ($0...$0 + portion).contains($1) })
            #expect(try #require(starts.last) > 5)
        }
    }

    @Test("Attempts that get far do not count as failures")
    func progress() async throws {
        let bucket = bucket()
        try await FaultServer.run({ request in
            Self.cut(bucket, request, after: 70_000) + [.pause(.milliseconds(500)), .close]
        }) { server in
            let client = try testClient(server) { $0.transfer.attempts = 3 }
            #expect(try await client.read(bucket.object(Self.key), 0..<300_000) == content)
            #expect(server.requests.count >= 5)
        }
    }

    @Test("A body that is shorter than the range goes on where it ended")
    func short() async throws {
        let bucket = bucket()
        let count = RequestCounter()
        try await FaultServer.run({ request in
            guard count.next() == 1, let range = FakeBucket.range(request) else { return bucket.answer(request) }
            let headers = [("content-range", FakeBucket.contentRange(range, of: 300_000))]
            return .answer(206, headers, body: Array(bucket.bytes(Self.key)[range].prefix(100)))
        }) { server in
            let found = try await testClient(server).read(bucket.object(Self.key), 50..<1000)
            #expect(found == Array(content[50..<1000]))
            #expect(starts(server) == [50, 150])
        }
    }

    @Test("More bytes than the range has are never taken")
    func long() async throws {
        let bucket = bucket()
        let count = RequestCounter()
        try await FaultServer.run({ request in
            guard count.next() == 1, let range = FakeBucket.range(request) else { return bucket.answer(request) }
            let headers = [("content-range", FakeBucket.contentRange(range, of: 300_000))]
            return .answer(206, headers, body: randomBytes(range.count + 1, seed: 6))
        }) { server in
            let found = try await testClient(server).read(bucket.object(Self.key), 50..<1000)
            #expect(found == Array(content[50..<1000]))
        }
    }

    @Test("A transfer that stands still is given up and taken up again")
    func stalled() async throws {
        let bucket = bucket()
        let count = RequestCounter()
        try await FaultServer.run({ request in
            switch count.next() {
            case 1: [.pause(.seconds(20))]
            case 2: Self.cut(bucket, request, after: 5000) + [.pause(.seconds(20))]
            default: bucket.answer(request)
            }
        }) { server in
            let client = try testClient(server) { $0.transfer.stallTimeout = .seconds(2) }
            #expect(try await client.read(bucket.object(Self.key), 0..<300_000) == content)
            let starts = starts(server)
            #expect(starts.count == 3)
            #expect(starts.prefix(2) == [0, 0])
            #expect((1...5000).contains(try #require(starts.last)))
        }
    }

    @Test("A transfer that trickles is given up like one that stands still")
    func trickle() async throws {
        let bucket = bucket()
        let count = RequestCounter()
        try await FaultServer.run({ request in
            guard count.next() == 1 else { return bucket.answer(request) }
            let first = Self.cut(bucket, request, after: 1)
            let drops = (1...100).flatMap { index -> [FaultServer.Step] in
                [.pause(.milliseconds(100)), .send([bucket.bytes(Self.key)[index]])]
            }
            return first + drops
        }) { server in
            let client = try testClient(server) { $0.transfer.stallTimeout = .seconds(2) }
            #expect(try await client.read(bucket.object(Self.key), 0..<300_000) == content)
            let starts = starts(server)
            #expect(starts.count == 2)
            // How many drops came before it was given up depends on how busy the machine is.
            #expect((1...101).contains(try #require(starts.last)))
        }
    }

    @Test("An object that was written after the listing fails the read at once")
    func changed() async throws {
        let bucket = bucket()
        let object = bucket.object(Self.key)
        bucket.put(Self.key, randomBytes(300_000, seed: 7))
        try await FaultServer.run({ bucket.answer($0) }) { server in
            let error = await #expect(throws: S3Error.self) {
                try await testClient(server).read(object, 0..<10)
            }
            #expect(error?.reason == .objectChanged)
            #expect(
                error?.description == "s3:GetObject on arn:aws:s3:::models/m/shard 1.safetensors: the object changed "
                    + "after it was listed; start again when nobody writes to it")
            #expect(server.requests.count == 1)
        }
    }

    @Test("An object that is written between two attempts is noticed, whatever the server says of it")
    func changedBetween() async throws {
        let replies: [@Sendable (FakeBucket, FaultServer.Request) -> [FaultServer.Step]] = [
            { bucket, request in bucket.answer(request) },
            { bucket, request in Self.cut(bucket, request, after: 10, headers: [("etag", "\"new\"")]) },
            { bucket, request in
                let range = FakeBucket.range(request) ?? 0..<1
                return .answer(206, [("content-range", FakeBucket.contentRange(range, of: 300_001))], body: [1])
            },
            { _, _ in .refusal(416, "InvalidRange") },
        ]
        for reply in replies {
            let bucket = bucket()
            let object = bucket.object(Self.key)
            let count = RequestCounter()
            try await FaultServer.run({ request in
                guard count.next() == 1 else { return reply(bucket, request) }
                let steps = Self.cut(bucket, request, after: 1000) + [.pause(.milliseconds(20)), .close]
                bucket.put(Self.key, randomBytes(300_000, seed: 8))
                return steps
            }) { server in
                let error = await #expect(throws: S3Error.self) {
                    try await testClient(server).read(object, 0..<200_000)
                }
                #expect(error?.reason == .objectChanged)
                #expect(server.requests.count == 2)
            }
        }
    }

    @Test("Bytes from elsewhere in the object are refused")
    func wrongPlace() async throws {
        let bucket = bucket()
        let answers: [[FaultServer.Step]] = [
            .answer(206, [("content-range", "bytes 0-9/300000")], body: [UInt8](repeating: 0, count: 10)),
            .answer(206, body: [UInt8](repeating: 0, count: 10)),
            .answer(200, body: content),
            .answer(204),
        ]
        for answer in answers {
            try await FaultServer.run({ _ in answer }) { server in
                let error = await #expect(throws: S3Error.self) {
                    try await testClient(server).read(bucket.object(Self.key), 10..<20)
                }
                guard case .unexpectedAnswer = error?.reason else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
    }

    @Test("A server that knows no ranges may send an object that is wanted whole")
    func whole() async throws {
        let bucket = bucket()
        try await FaultServer.run({ request in
            var plain = request
            plain.headers.removeAll { $0.name.lowercased() == "range" }
            return .answer(200, [("etag", bucket.object(Self.key).etag)], body: bucket.bytes(Self.key))
        }) { server in
            let found = try await testClient(server).read(bucket.object(Self.key), 0..<300_000)
            #expect(found == content)
        }
    }

    /// The answer of a server that stops in the body.
    private static func cut(
        _ bucket: FakeBucket, _ request: FaultServer.Request, after count: Int, headers: [(String, String)] = []
    ) -> [FaultServer.Step] {
        let bytes = bucket.bytes(key)
        let range = FakeBucket.range(request) ?? 0..<bytes.count
        let headers = headers + [("content-range", FakeBucket.contentRange(range, of: bytes.count))]
        return [.head(206, headers, length: range.count), .send(Array(bytes[range].prefix(count)))]
    }
}
