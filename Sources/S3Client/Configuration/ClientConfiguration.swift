/// Everything that a client needs to know, found.
struct ClientConfiguration: Sendable {
    /// The region to ask first.
    let region: String
    /// The server.
    let endpoint: S3Endpoint
    /// Where the keys come from; nil for requests that are not signed.
    let credentials: (any CredentialProvider)?
    /// Which servers to believe.
    let trust: CertificateTrust
    /// Parallelism, retries and time limits.
    let transfer: S3Transfer

    /// Joins what the caller fixed with the environment and the shared files, in this order. Beside the names that AWS's
    /// own tools read, those count that KServe's storage initialiser is given
    /// (https://github.com/kserve/kserve/blob/master/pkg/credentials/s3/s3_secret.go).
    /// - Throws: `S3ConfigurationError`.
    init(_ options: S3ClientOptions, environment: [String: String]) throws(S3ConfigurationError) {
        let settings = try EnvironmentSettings(environment, profile: options.profile)
        region = try Self.region(options, settings)
        endpoint = try Self.endpoint(options, settings)
        trust = CertificateTrust(
            verifies: options.verifiesCertificates ?? !settings.isFalse("S3_VERIFY_SSL"),
            authorities: options.certificateAuthorities ?? settings.certificateAuthorities)
        transfer = options.transfer
        if let keys = options.credentials {
            credentials = FixedCredentials(origin: "the client's own settings", credentials: keys)
        } else if options.isAnonymous || settings.isTrue("awsAnonymousCredential") {
            credentials = nil
        } else {
            credentials = try CredentialChain(settings, region: region, prefersProfile: options.profile != nil)
                .provider()
        }
    }

    private static func region(
        _ options: S3ClientOptions, _ settings: EnvironmentSettings
    ) throws(S3ConfigurationError) -> String {
        let region =
            options.region ?? settings.first("AWS_REGION", "AWS_DEFAULT_REGION", "S3_REGION")
            ?? settings.profile.values["region"] ?? "us-east-1"
        guard S3Endpoint.isRegion(region) else {
            throw S3ConfigurationError(
                place: "the S3 region", reason: "expected a name such as eu-central-1 of a-z, 0-9 and \"-\"")
        }
        return region
    }

    private static func endpoint(
        _ options: S3ClientOptions, _ settings: EnvironmentSettings
    ) throws(S3ConfigurationError) -> S3Endpoint {
        let style = try settings.addressing()
        let addressing = options.addressing ?? style
        var server: ServerAddress?
        if let endpoint = options.endpoint {
            server = try ServerAddress(endpoint, place: "the endpoint \(endpoint)")
        } else {
            server = try settings.server("s3")
        }
        // The name of all regions together: ask the region itself instead.
        if server == ServerAddress(host: "s3.amazonaws.com") { server = nil }
        return S3Endpoint(server: server, addressing: addressing)
    }
}
