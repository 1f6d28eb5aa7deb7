import Testing

@testable import S3Client

@Suite("Refusals, regions and keys that expire", .timeLimit(.minutes(1)))
struct RefusalTests {
    private static let key = "m/a"
    private let content = randomBytes(1000, seed: 9)

    private func bucket() -> FakeBucket { FakeBucket([Self.key: content]) }

    /// The region that a request was signed for.
    private static func region(_ request: FaultServer.Request) -> String? {
        request.header("authorization")?.split(separator: "/").dropFirst(2).first.map(String.init)
    }

    @Test("A refusal names action, resource and the keys' origin")
    func denied() async throws {
        let bucket = bucket()
        try await FaultServer.run({ _ in .refusal(403, "AccessDenied", "Access Denied") }) { server in
            let error = await #expect(throws: S3Error.self) {
                try await testClient(server).read(bucket.object(Self.key), 0..<10)
            }
            #expect(error?.isAccessDenied == true)
            #expect(
                error?.description == "s3:GetObject on arn:aws:s3:::models/m/a: 403 AccessDenied: Access Denied; "
                    + "check that the credentials from the client's own settings may do this")
            #expect(server.requests.count == 1)
        }
    }

    @Test("A wrong secret is found out by the server")
    func wrongSecret() async throws {
        let bucket = bucket()
        try await FaultServer.run({ bucket.answer($0) }) { server in
            let client = try testClient(server) {
                $0.credentials = S3Credentials(accessKeyID: FakeBucket.keys.accessKeyID, secretAccessKey: "wrong")
            }
            let error = await #expect(throws: S3Error.self) {
                try await client.list(S3URI(bucket: FakeBucket.name))
            }
            #expect(
                error?.description.hasSuffix("; check the credentials from the client's own settings") == true)
            #expect(error?.description.contains("wrong;") == false)
        }
    }

    @Test("Anonymous requests are not signed")
    func anonymous() async throws {
        let bucket = bucket()
        try await FaultServer.run({ _ in .refusal(403, "AccessDenied") }) { server in
            let client = try testClient(server) {
                $0.credentials = nil
                $0.isAnonymous = true
            }
            let error = await #expect(throws: S3Error.self) {
                try await client.read(bucket.object(Self.key), 0..<10)
            }
            #expect(server.requests.first?.header("authorization") == nil)
            #expect(server.requests.first?.header("x-amz-date") == nil)
            #expect(error?.description.hasSuffix("; the request was anonymous: give credentials") == true)
        }
    }

    @Test(
        "A bucket in another region is asked for there, and from then on at once",
        arguments: [
            .refusal(301, "PermanentRedirect", headers: [("x-amz-bucket-region", "eu-west-3")]),
            .refusal(400, "AuthorizationHeaderMalformed", region: "eu-west-3"),
            .answer(301, [("x-amz-bucket-region", "eu-west-3")]),
        ] as [[FaultServer.Step]])
    func region(_ redirect: [FaultServer.Step]) async throws {
        let bucket = bucket()
        try await FaultServer.run({ Self.region($0) == "eu-west-3" ? bucket.answer($0) : redirect }) { server in
            let client = try testClient(server) { $0.region = "us-east-2" }
            #expect(try await client.read(bucket.object(Self.key), 0..<1000) == content)
            #expect(try await client.list(S3URI(bucket: FakeBucket.name)).count == 1)
            #expect(server.requests.map(Self.region) == ["us-east-2", "eu-west-3", "eu-west-3"])
        }
    }

    @Test(
        "A region that leads nowhere ends",
        arguments: [("x-amz-bucket-region", "us-east-2"), ("x-amz-bucket-region", "evil.example/"), ("location", "/")])
    func nowhere(_ name: String, _ value: String) async throws {
        try await FaultServer.run({ _ in .refusal(301, "PermanentRedirect", headers: [(name, value)]) }) { server in
            let error = await #expect(throws: S3Error.self) {
                try await testClient(server) { $0.region = "us-east-2" }.list(S3URI(bucket: FakeBucket.name))
            }
            #expect(error?.reason == .refused(status: 301, code: "PermanentRedirect", message: "Because"))
            #expect(server.requests.count == 1)
        }
    }

    @Test("Regions that lead to each other end")
    func circle() async throws {
        try await FaultServer.run({ request in
            let next = Self.region(request) == "us-east-2" ? "us-west-1" : "us-east-2"
            return .refusal(301, "PermanentRedirect", headers: [("x-amz-bucket-region", next)])
        }) { server in
            await #expect(throws: S3Error.self) {
                try await testClient(server) { $0.region = "us-east-2" }.list(S3URI(bucket: FakeBucket.name))
            }
            #expect(server.requests.count == 3)
        }
    }

    @Test("Nobody there is an error that says so")
    func unreachable() async throws {
        let url = try await FaultServer.run({ _ in [] }) { $0.url }
        var options = S3ClientOptions()
        options.endpoint = url
        options.credentials = FakeBucket.keys
        options.transfer.attempts = 2
        options.transfer.firstPause = .milliseconds(1)
        let client = try S3Client(options, environment: [:])
        let error = await #expect(throws: S3Error.self) { try await client.list(S3URI(bucket: "models")) }
        guard case .unreachable = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("A cancelled caller gets away at once, from a pause, a read and a queue")
    func cancelled() async throws {
        let bucket = bucket()
        let replies: [[FaultServer.Step]] = [[.pause(.seconds(50))], .refusal(503, "SlowDown")]
        for reply in replies {
            try await FaultServer.run({ _ in reply }) { server in
                let client = try testClient(server) {
                    $0.transfer.parallelism = 1
                    $0.transfer.firstPause = .seconds(50)
                    $0.transfer.longestPause = .seconds(50)
                    $0.transfer.stallTimeout = .seconds(50)
                }
                let tasks = (0..<3).map { _ in Task { try await client.read(bucket.object(Self.key), 0..<10) } }
                while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                for task in tasks { task.cancel() }
                for task in tasks {
                    let error = await #expect(throws: S3Error.self) { try await task.value }
                    #expect(error?.reason == .cancelled)
                }
            }
        }
    }

    @Test("Closing the client fails what is under way and what comes after")
    func closed() async throws {
        let bucket = bucket()
        try await FaultServer.run({ _ in [.pause(.seconds(50))] }) { server in
            let client = try testClient(server)
            let task = Task { try await client.read(bucket.object(Self.key), 0..<10) }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            client.close()
            for _ in 0..<2 {
                let error = await #expect(throws: S3Error.self) { try await task.value }
                #expect(error?.reason == .closed)
            }
            let after = await #expect(throws: S3Error.self) { try await client.list(S3URI(bucket: "models")) }
            #expect(after?.reason == .closed)
        }
    }
}
