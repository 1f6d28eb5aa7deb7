import Foundation
import TestSupport
import Testing

@testable import S3Client

@Suite("The client's configuration")
struct ConfigurationTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// An environment whose shared files are these.
    private func environment(
        _ variables: [String: String] = [:], config: String = "", credentials: String = ""
    ) throws -> [String: String] {
        try config.write(toFile: folder.join("config"), atomically: true, encoding: .utf8)
        try credentials.write(toFile: folder.join("credentials"), atomically: true, encoding: .utf8)
        let files = [
            "AWS_CONFIG_FILE": folder.join("config"), "AWS_SHARED_CREDENTIALS_FILE": folder.join("credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        ]
        return files.merging(variables) { $1 }
    }

    private func url(_ configuration: ClientConfiguration) -> String {
        configuration.endpoint.target(bucket: "models", key: "a", query: [], region: configuration.region).url
    }

    private static let config = """
        [default]
        region = eu-west-1
        [profile minio]
        region = local
        services = minio
        endpoint_url = http://everything:1
        ca_bundle = /etc/minio.pem
        s3 =
          addressing_style = virtual
        [profile plain]
        endpoint_url = http://everything:1
        [services minio]
        s3 =
          endpoint_url = http://minio:9000
        """

    @Test("Without any setting it is Amazon's first region")
    func nothing() throws {
        let configuration = try ClientConfiguration(S3ClientOptions(), environment: environment())
        #expect(url(configuration) == "https://models.s3.us-east-1.amazonaws.com/a")
        #expect(configuration.trust == CertificateTrust(verifies: true, authorities: nil))
    }

    @Test("Shared files that do not exist are none")
    func noFiles() throws {
        let variables = ["AWS_CONFIG_FILE": folder.join("no"), "AWS_SHARED_CREDENTIALS_FILE": folder.join("none")]
        let configuration = try ClientConfiguration(S3ClientOptions(), environment: environment(variables))
        #expect(configuration.region == "us-east-1")
    }

    @Test("Options go before the environment, the environment before the profile")
    func order() throws {
        var variables = ["AWS_PROFILE": "minio"]
        func found(_ options: S3ClientOptions = S3ClientOptions()) throws -> (String, String) {
            let configuration = try ClientConfiguration(
                options, environment: environment(variables, config: Self.config))
            return (configuration.region, url(configuration))
        }
        #expect(try found() == ("local", "http://models.minio:9000/a"))
        variables["S3_ENDPOINT"] = "kserve:9001"
        #expect(try found() == ("local", "https://models.kserve:9001/a"))
        variables["AWS_ENDPOINT_URL"] = "http://all:2"
        variables["S3_REGION"] = "region-1"
        #expect(try found() == ("region-1", "http://models.all:2/a"))
        variables["AWS_ENDPOINT_URL_S3"] = "http://s3:3"
        variables["AWS_DEFAULT_REGION"] = "region-2"
        #expect(try found() == ("region-2", "http://models.s3:3/a"))
        variables["AWS_REGION"] = "region-3"
        #expect(try found() == ("region-3", "http://models.s3:3/a"))
        var options = S3ClientOptions()
        options.region = "region-4"
        options.endpoint = "http://mine:4"
        options.addressing = .path
        #expect(try found(options) == ("region-4", "http://mine:4/models/a"))
        variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        #expect(try found() == ("region-3", "https://models.s3.region-3.amazonaws.com/a"))
    }

    @Test("A profile's endpoint for all services serves S3 too; the caller's profile goes before the environment's")
    func profile() throws {
        var options = S3ClientOptions()
        options.profile = "plain"
        let configuration = try ClientConfiguration(
            options, environment: environment(["AWS_PROFILE": "minio"], config: Self.config))
        #expect(url(configuration) == "http://everything:1/models/a")
        #expect(configuration.region == "us-east-1")
    }

    @Test("What KServe's storage initialiser is given is understood")
    func kserve() throws {
        let variables = [
            "S3_ENDPOINT": "minio.kubeflow:9000", "S3_USE_HTTPS": "0", "S3_VERIFY_SSL": "0", "S3_REGION": "zone",
            "S3_USER_VIRTUAL_BUCKET": "true", "awsAnonymousCredential": "True", "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "", "CA_BUNDLE_CONFIGMAP_NAME": "authorities",
            "CA_BUNDLE_VOLUME_MOUNT_POINT": "/etc/ssl/custom",
        ]
        let configuration = try ClientConfiguration(S3ClientOptions(), environment: environment(variables))
        #expect(url(configuration) == "http://models.minio.kubeflow:9000/a")
        #expect(configuration.region == "zone")
        #expect(configuration.credentials == nil)
        #expect(configuration.trust == CertificateTrust(verifies: false, authorities: "/etc/ssl/custom/cabundle.crt"))
    }

    @Test("Amazon's old name for all regions stands for the region's own")
    func globalHost() throws {
        let variables = ["AWS_ENDPOINT_URL": "https://s3.amazonaws.com", "AWS_REGION": "eu-west-1"]
        let configuration = try ClientConfiguration(S3ClientOptions(), environment: environment(variables))
        #expect(url(configuration) == "https://models.s3.eu-west-1.amazonaws.com/a")
    }

    @Test("Authorities come from AWS_CA_BUNDLE, then from the profile")
    func authorities() throws {
        var variables = ["AWS_PROFILE": "minio"]
        func found() throws -> String? {
            try ClientConfiguration(S3ClientOptions(), environment: environment(variables, config: Self.config))
                .trust.authorities
        }
        #expect(try found() == "/etc/minio.pem")
        variables["AWS_CA_BUNDLE"] = "/etc/all.pem"
        #expect(try found() == "/etc/all.pem")
    }

    @Test(
        "A setting that cannot be used is named",
        arguments: [
            (["AWS_REGION": "us east"], "the S3 region"),
            (["AWS_ENDPOINT_URL": "minio:9000"], "AWS_ENDPOINT_URL"),
            (["AWS_ENDPOINT_URL_S3": "http://a:b@minio"], "AWS_ENDPOINT_URL_S3"),
            (["S3_ENDPOINT": "ftp://minio"], "S3_ENDPOINT"),
            (["AWS_PROFILE": "nobody"], "the profile nobody"),
            (["AWS_PROFILE": "style"], "addressing_style of the profile style"),
            (["AWS_ACCESS_KEY_ID": "A"], "the environment"),
            (["AWS_WEB_IDENTITY_TOKEN_FILE": "/a"], "the environment"),
            (["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example/"], "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            (
                ["AWS_EC2_METADATA_DISABLED": "", "AWS_METADATA_SERVICE_TIMEOUT": "no"],
                "AWS_METADATA_SERVICE_TIMEOUT"
            ),
            (["AWS_PROFILE": "half"], "the profile half"),
            (["AWS_PROFILE": "sso"], "the profile sso"),
            (["AWS_PROFILE": "process"], "the profile process"),
            (["AWS_PROFILE": "lonely"], "the profile nobody"),
            (["AWS_PROFILE": "circle"], "the profile circle"),
            (["AWS_PROFILE": "mfa"], "the profile mfa"),
            (["AWS_PROFILE": "container"], "the profile container"),
            (["AWS_CONFIG_FILE": "/"], "/"),
        ] as [([String: String], String)])
    func wrong(_ variables: [String: String], _ place: String) throws {
        let config = """
            [profile style]
            s3 =
              addressing_style = dns
            [profile half]
            aws_access_key_id = A
            [profile sso]
            sso_start_url = https://a.example
            [profile process]
            credential_process = /bin/keys
            [profile lonely]
            role_arn = arn:aws:iam::123456789012:role/a
            source_profile = nobody
            [profile circle]
            role_arn = arn:aws:iam::123456789012:role/a
            source_profile = circle 2
            [profile circle 2]
            role_arn = arn:aws:iam::123456789012:role/a
            source_profile = circle
            [profile mfa]
            role_arn = arn:aws:iam::123456789012:role/a
            mfa_serial = 1
            [profile container]
            role_arn = arn:aws:iam::123456789012:role/a
            credential_source = EcsContainer
            """
        let environment = try environment(variables, config: config)
        let error = #expect(throws: S3ConfigurationError.self) {
            try ClientConfiguration(S3ClientOptions(), environment: environment)
        }
        #expect(error?.place.hasPrefix(place) == true)
        #expect(error?.description.contains("a:b") == false)
    }

    @Test("Shared files that cannot be read are named with the line")
    func unreadable() throws {
        let environment = try environment(config: "[default]\nregion\n")
        let error = #expect(throws: S3ConfigurationError.self) {
            try ClientConfiguration(S3ClientOptions(), environment: environment)
        }
        #expect(error?.place == folder.join("config"))
        #expect(error?.reason == "line 2: neither a [section] nor a setting = value")
    }

    @Test("Authorities that are none stop the client")
    func noAuthorities() throws {
        var options = S3ClientOptions()
        options.certificateAuthorities = folder.join("none.pem")
        #expect(throws: S3ConfigurationError.self) { try S3Client(options, environment: [:]) }
        try "no certificate".write(toFile: folder.join("none.pem"), atomically: true, encoding: .utf8)
        #expect(throws: S3ConfigurationError.self) { try S3Client(options, environment: [:]) }
    }

    @Test("Pauses grow to their limit and are random")
    func pauses() {
        var transfer = S3Transfer()
        transfer.firstPause = .milliseconds(100)
        transfer.longestPause = .seconds(2)
        for failures in [1, 2, 5, 30, 1000] {
            let limit = min(Duration.milliseconds(100) * (1 << min(failures - 1, 10)), .seconds(2))
            let pauses = (0..<50).map { _ in transfer.pause(after: failures) }
            #expect(pauses.allSatisfy { $0 >= .zero && $0 <= limit })
            #expect(Set(pauses).count > 40)
            #expect(pauses.contains { $0 > limit / 2 })
        }
    }
}
