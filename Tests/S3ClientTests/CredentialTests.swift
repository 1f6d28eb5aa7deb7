import AWSProtocol
import Foundation
import TestSupport
import Testing

@testable import S3Client

@Suite("Where keys come from", .timeLimit(.minutes(1)))
struct CredentialTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// What the chain finds in an environment whose shared files are these.
    private func load(
        _ variables: [String: String], config: String = "", credentials: String = "", profile: String? = nil
    ) async throws -> S3Credentials {
        let provider = try provider(variables, config: config, credentials: credentials, profile: profile)
        return try await provider.load(HTTPTransport(CertificateTrust(), S3Transfer()))
    }

    private func provider(
        _ variables: [String: String], config: String = "", credentials: String = "", profile: String? = nil
    ) throws -> any CredentialProvider {
        try config.write(toFile: folder.join("config"), atomically: true, encoding: .utf8)
        try credentials.write(toFile: folder.join("credentials"), atomically: true, encoding: .utf8)
        let files = [
            "AWS_CONFIG_FILE": folder.join("config"), "AWS_SHARED_CREDENTIALS_FILE": folder.join("credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        ]
        var options = S3ClientOptions()
        options.profile = profile
        let configuration = try ClientConfiguration(options, environment: files.merging(variables) { $1 })
        return try #require(configuration.credentials)
    }

    private static let shared = """
        [default]
        aws_access_key_id = DEFAULT
        aws_secret_access_key = s/+=
        [dev]
        aws_access_key_id = DEV
        aws_secret_access_key = d
        aws_session_token = token
        """

    private static func lent(_ operation: String, _ id: String) -> [FaultServer.Step] {
        let xml =
            "<\(operation)Response><\(operation)Result><Credentials><AccessKeyId>\(id)</AccessKeyId>"
            + "<SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>"
            + "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></\(operation)Result></\(operation)Response>"
        return .answer(200, body: Array(xml.utf8))
    }

    private static func document(_ id: String, expiration: String = "2099-01-01T00:00:00Z") -> [FaultServer.Step] {
        let json =
            "{\"AccessKeyId\":\"\(id)\",\"SecretAccessKey\":\"secret\",\"Token\":\"session\",\"Expiration\":\"\(expiration)\"}"
        return .answer(200, body: Array(json.utf8))
    }

    private static func lentKeys(_ id: String) -> S3Credentials {
        S3Credentials(
            accessKeyID: id, secretAccessKey: "secret", sessionToken: "session", expiration: 4_070_908_800)
    }

    @Test("The environment goes before the profile it names, and after one that the caller names")
    func environment() async throws {
        let variables = [
            "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "e", "AWS_SESSION_TOKEN": "t", "AWS_PROFILE": "dev",
        ]
        let found = try await load(variables, credentials: Self.shared)
        #expect(found == S3Credentials(accessKeyID: "ENV", secretAccessKey: "e", sessionToken: "t"))
        let named = try await load(variables, credentials: Self.shared, profile: "dev")
        #expect(named == S3Credentials(accessKeyID: "DEV", secretAccessKey: "d", sessionToken: "token"))
    }

    @Test("A profile's keys are in either file")
    func profile() async throws {
        let none = try await load([:], credentials: Self.shared)
        #expect(none == S3Credentials(accessKeyID: "DEFAULT", secretAccessKey: "s/+="))
        let dev = try await load(["AWS_PROFILE": "dev"], credentials: Self.shared)
        #expect(dev.accessKeyID == "DEV")
        let config = "[profile other]\naws_access_key_id = OTHER\naws_secret_access_key = o\n"
        let other = try await load(["AWS_PROFILE": "other"], config: config, credentials: Self.shared)
        #expect(other.accessKeyID == "OTHER")
    }

    @Test("The files are found in the home folder")
    func home() async throws {
        try FileManager.default.createDirectory(atPath: folder.join(".aws"), withIntermediateDirectories: true)
        try Self.shared.write(toFile: folder.join(".aws/credentials"), atomically: true, encoding: .utf8)
        for path in ["", "~/.aws/credentials"] {
            let configuration = try ClientConfiguration(
                S3ClientOptions(), environment: ["HOME": folder.path, "AWS_SHARED_CREDENTIALS_FILE": path])
            #expect(configuration.credentials?.origin == "the profile default")
        }
    }

    @Test("A web identity is exchanged for keys of the role, with the token that the file holds then")
    func webIdentity() async throws {
        try await FaultServer.run({ request in
            request.field("WebIdentityToken") == "eyJ.2+/=" && request.field("RoleArn") == "arn:aws:iam::1:role/a"
                && request.field("Action") == "AssumeRoleWithWebIdentity" && request.field("Version") == "2011-06-15"
                && request.field("RoleSessionName") == "pod" && request.header("authorization") == nil
                ? Self.lent("AssumeRoleWithWebIdentity", "WEB") : .refusal(400, "InvalidIdentityToken", "Expired")
        }) { server in
            try "old".write(toFile: folder.join("token"), atomically: true, encoding: .utf8)
            let provider = try provider([
                "AWS_WEB_IDENTITY_TOKEN_FILE": folder.join("token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/a",
                "AWS_ROLE_SESSION_NAME": "pod", "AWS_ENDPOINT_URL_STS": server.url,
                "AWS_ENDPOINT_URL": "https://s3.amazonaws.com",
            ])
            let transport = try HTTPTransport(CertificateTrust(), S3Transfer())
            let error = await #expect(throws: CredentialError.self) { try await provider.load(transport) }
            #expect(
                error?.description == "no credentials from the role arn:aws:iam::1:role/a by web identity: "
                    + "\(server.url)/ answered 400 InvalidIdentityToken: Expired")
            try "eyJ.2+/=\n".write(toFile: folder.join("token"), atomically: true, encoding: .utf8)
            #expect(try await provider.load(transport) == Self.lentKeys("WEB"))
        }
    }

    @Test("Amazon's token service is asked although the endpoint for all services is Amazon's S3")
    func tokenService() throws {
        let variables = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/a", "AWS_ROLE_ARN": "arn:a", "AWS_REGION": "eu-west-1"]
        for (url, host) in [("https://s3.amazonaws.com", nil), ("http://minio:9000", "minio")] {
            let role = try #require(
                try provider(variables.merging(["AWS_ENDPOINT_URL": url]) { $1 }) as? RoleCredentials)
            #expect(role.service.server?.host == host)
            #expect(role.service.region == "eu-west-1")
        }
    }

    @Test("A profile takes a role with the keys of another, and signs for it")
    func role() async throws {
        let config = """
            [profile deploy]
            role_arn = arn:aws:iam::1:role/deploy
            source_profile = middle
            external_id = 42
            [profile middle]
            role_arn = arn:aws:iam::1:role/middle
            source_profile = dev
            """
        try await FaultServer.run({ request in
            let signable = SignableRequest(method: "POST", target: request.target, headers: request.headers)
            let isMiddle = request.field("RoleArn") == "arn:aws:iam::1:role/middle"
            do {
                let signature = try RequestSignature.parse(signable)
                try signature?.verify(
                    signable, secret: isMiddle ? "d" : "secret",
                    payloadHash: Hexadecimal.encode(Checksum.of(request.body, .sha256)),
                    now: Int(Date().timeIntervalSince1970))
                guard signature?.service == "sts", signature?.accessKey == (isMiddle ? "DEV" : "MIDDLE"),
                    request.field("ExternalId") == (isMiddle ? nil : "42"), request.field("Action") == "AssumeRole"
                else { return .refusal(403, "AccessDenied") }
            } catch {
                return .refusal(403, "SignatureDoesNotMatch", "\(error)")
            }
            return Self.lent("AssumeRole", isMiddle ? "MIDDLE" : "DEPLOY")
        }) { server in
            let found = try await load(
                ["AWS_PROFILE": "deploy", "AWS_ENDPOINT_URL_STS": server.url], config: config, credentials: Self.shared)
            #expect(found == Self.lentKeys("DEPLOY"))
            #expect(server.requests.count == 2)
        }
    }

    @Test("The token service is asked again when it fails")
    func tokenServiceRetry() async throws {
        let counter = RequestCounter()
        try await FaultServer.run({ _ in
            counter.next() < 3 ? .refusal(503, "ServiceUnavailable") : Self.lent("AssumeRoleWithWebIdentity", "WEB")
        }) { server in
            var service = TokenService(server: try ServerAddress(server.url, place: "test"), region: "us-east-1")
            service.firstPause = .milliseconds(1)
            let transport = try HTTPTransport(CertificateTrust(), S3Transfer())
            #expect(try await service.borrow([], signedWith: nil, transport) == Self.lentKeys("WEB"))
        }
        try await FaultServer.run({ _ in [.close] }) { server in
            var service = TokenService(server: try ServerAddress(server.url, place: "test"), region: "us-east-1")
            service.firstPause = .milliseconds(1)
            let (broken, transport) = (service, try HTTPTransport(CertificateTrust(), S3Transfer()))
            let error = await #expect(throws: TransportError.self) {
                try await broken.borrow([], signedWith: nil, transport)
            }
            #expect(error?.kind == .connection)
            #expect(server.requests.count == 3)
        }
    }

    @Test("A container's endpoint is asked with the token that the file holds")
    func container() async throws {
        try await FaultServer.run({ request in
            request.header("authorization") == "Bearer t" && request.target == "/role?id=1"
                ? Self.document("CONTAINER") : .answer(401)
        }) { server in
            var variables = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/role?id=1"]
            let error = await #expect(throws: CredentialError.self) { try await load(variables) }
            #expect(error?.reason == "it answered with status 401")
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Bearer t"
            #expect(try await load(variables) == Self.lentKeys("CONTAINER"))
            try "Bearer t\n".write(toFile: folder.join("token"), atomically: true, encoding: .utf8)
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "other"
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = folder.join("token")
            #expect(try await load(variables) == Self.lentKeys("CONTAINER"))
            try "Bearer t\r\nevil: yes".write(toFile: folder.join("token"), atomically: true, encoding: .utf8)
            let split = await #expect(throws: CredentialError.self) { try await load(variables) }
            #expect(split?.reason == "the authorization token holds characters that a header cannot have")
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = folder.join("nothing")
            await #expect(throws: CredentialError.self) { try await load(variables) }
        }
    }

    @Test(
        "Keys are fetched over plain HTTP from this machine alone",
        arguments: [
            ("http://127.0.0.1:80", true), ("http://localhost", true), ("http://169.254.170.2", true),
            ("http://169.254.170.23", true), ("http://[fd00:ec2::23]", true), ("https://keys.example", true),
            ("http://keys.example", false), ("http://127.0.0.1.keys.example", false), ("http://169.254.169.254", false),
            ("http://localhost.keys.example", false),
        ])
    func allowed(_ url: String, _ isAllowed: Bool) throws {
        #expect(ContainerCredentials.isAllowed(try ServerAddress(url, place: "test")) == isAllowed)
    }

    @Test("A container's relative endpoint is at the orchestrator's address")
    func relative() throws {
        let provider = try provider(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1"])
        #expect(provider.origin == "the container endpoint http://169.254.170.2/v2/credentials/1")
    }

    @Test("A machine's metadata are asked for a token, the role's name and its keys")
    func instance() async throws {
        try await FaultServer.run({ request in
            switch (request.method, request.target) {
            case ("PUT", "/latest/api/token") where request.header("x-aws-ec2-metadata-token-ttl-seconds") != nil:
                return .answer(200, body: Array("TOKEN".utf8))
            case ("GET", "/latest/meta-data/iam/security-credentials/")
            where request.header("x-aws-ec2-metadata-token") == "TOKEN":
                return .answer(200, body: Array("reader\n".utf8))
            case ("GET", "/latest/meta-data/iam/security-credentials/reader")
            where request.header("x-aws-ec2-metadata-token") == "TOKEN":
                return Self.document("INSTANCE")
            default:
                return .answer(404)
            }
        }) { server in
            let variables = [
                "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url + "/",
                "AWS_METADATA_SERVICE_TIMEOUT": "30",
            ]
            let found = try await load(variables)
            #expect(found == Self.lentKeys("INSTANCE"))
        }
    }

    @Test("A machine without a role, or without metadata, is told from each other")
    func noInstance() async throws {
        try await FaultServer.run({ request in
            request.method == "PUT" ? .answer(200, body: Array("TOKEN".utf8)) : .answer(404)
        }) { server in
            let variables = [
                "AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
                "AWS_METADATA_SERVICE_TIMEOUT": "30",
            ]
            let error = await #expect(throws: CredentialError.self) { try await load(variables) }
            #expect(
                error?.description == "no credentials from the instance metadata at \(server.url): "
                    + "404 to GET /latest/meta-data/iam/security-credentials/")
        }
        try await FaultServer.run({ _ in [.pause(.seconds(50))] }) { server in
            let variables = ["AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url]
            let error = await #expect(throws: CredentialError.self) { try await load(variables) }
            #expect(error?.reason.hasPrefix("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE") == true)
        }
        let error = await #expect(throws: CredentialError.self) { try await load([:]) }
        #expect(error?.origin == "the environment and the shared files")
    }

    @Test("Keys are kept, renewed before they expire, and good to their end when renewing fails")
    func renewal() async throws {
        let counter = RequestCounter()
        let clock = TestClock()
        try await FaultServer.run({ _ in
            switch counter.next() {
            case 1: Self.document("FIRST", expiration: "1970-01-01T01:00:00Z")
            case 2: Self.document("SECOND", expiration: "1970-01-01T02:00:00Z")
            default: .answer(500)
            }
        }) { server in
            let provider = try provider(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url])
            let transport = try HTTPTransport(CertificateTrust(), S3Transfer())
            let cache = CredentialCache(provider, transport) { clock.now }
            func identifier(at time: Int) async throws -> String {
                clock.set(time)
                return try await cache.credentials().accessKeyID
            }
            let together = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await cache.credentials().accessKeyID } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(together == ["FIRST"])
            #expect(server.requests.count == 1)
            #expect(try await identifier(at: 3299) == "FIRST")
            #expect(server.requests.count == 1)
            #expect(try await identifier(at: 3300) == "SECOND")
            #expect(try await identifier(at: 6899) == "SECOND")
            #expect(server.requests.count == 2)
            #expect(try await identifier(at: 7199) == "SECOND")
            #expect(server.requests.count == 3)
            await #expect(throws: CredentialError.self) { try await identifier(at: 7200) }
        }
    }

    @Test("Keys that the server calls expired are replaced, once")
    func expired() async throws {
        let lent = RequestCounter()
        try await FaultServer.run({ request in
            guard request.target != "/keys" else { return Self.document("KEY\(lent.next())") }
            return request.header("authorization")?.contains("Credential=KEY2/") == true
                && request.header("x-amz-security-token") == "session"
                ? .answer(200, body: Array("<ListBucketResult/>".utf8)) : .refusal(400, "ExpiredToken", "Gone")
        }) { server in
            let environment = [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/keys", "AWS_ENDPOINT_URL": server.url,
            ]
            let client = try S3Client(environment: environment)
            #expect(try await client.list(S3URI(bucket: "models")).isEmpty)
            #expect(lent.next() == 3)
        }
        try await FaultServer.run({ _ in .refusal(400, "ExpiredToken", "Gone") }) { server in
            let error = await #expect(throws: S3Error.self) {
                try await testClient(server).list(S3URI(bucket: "models"))
            }
            #expect(error?.reason == .refused(status: 400, code: "ExpiredToken", message: "Gone"))
            #expect(server.requests.count == 2)
        }
    }

    @Test("A client without keys says what to do, and asks S3 for nothing")
    func none() async throws {
        try await FaultServer.run({ _ in .answer(200) }) { server in
            let client = try S3Client(
                environment: ["AWS_ENDPOINT_URL": server.url, "AWS_EC2_METADATA_DISABLED": "true"])
            let error = await #expect(throws: S3Error.self) { try await client.list(S3URI(bucket: "models")) }
            #expect(error?.isAccessDenied == true)
            #expect(
                error?.description
                    == "s3:ListBucket on arn:aws:s3:::models: no credentials from the environment and the "
                    + "shared files: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
            #expect(server.requests.isEmpty)
        }
    }
}
