/// Where keys come from, in the order in which AWS's tools look: the environment, a web identity, the profile, the
/// container, the machine. The first place that is set up counts.
///
/// Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
struct CredentialChain {
    private let settings: EnvironmentSettings
    private let region: String
    private let prefersProfile: Bool

    /// - Parameters:
    ///   - region: which region's token service to ask.
    ///   - prefersProfile: whether the caller named the profile, so that it goes before the environment.
    init(_ settings: EnvironmentSettings, region: String, prefersProfile: Bool) {
        self.settings = settings
        self.region = region
        self.prefersProfile = prefersProfile
    }

    /// The place that is set up.
    /// - Throws: `S3ConfigurationError` when one is set up by half or in a way that is not supported.
    func provider() throws(S3ConfigurationError) -> any CredentialProvider {
        if prefersProfile, let provider = try profile() { return provider }
        if let provider = try FixedCredentials(inEnvironment: settings) { return provider }
        if let provider = try webIdentity() { return provider }
        if let provider = try profile() { return provider }
        if let provider = try ContainerCredentials(settings) { return provider }
        return try instance()
    }

    private func webIdentity() throws(S3ConfigurationError) -> RoleCredentials? {
        guard let file = settings.first("AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let role = settings.first("AWS_ROLE_ARN") else {
            throw S3ConfigurationError(
                place: "the environment", reason: "AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not")
        }
        return RoleCredentials(
            role: role, sessionName: settings.first("AWS_ROLE_SESSION_NAME") ?? "outcrop",
            proof: .webIdentity(tokenFile: file), service: try tokenService())
    }

    private func profile() throws(S3ConfigurationError) -> (any CredentialProvider)? {
        try ProfileCredentials(settings.profiles, settings, tokenService()).provider(settings.profileName)
    }

    private func instance() throws(S3ConfigurationError) -> any CredentialProvider {
        guard !settings.isTrue("AWS_EC2_METADATA_DISABLED") else { return NoCredentials() }
        return try InstanceCredentials(settings)
    }

    private func tokenService() throws(S3ConfigurationError) -> TokenService {
        TokenService(server: try Self.tokenServer(settings), region: region)
    }

    /// KServe sets AWS_ENDPOINT_URL to Amazon's S3, which is not where roles are taken.
    private static func tokenServer(_ settings: EnvironmentSettings) throws(S3ConfigurationError) -> ServerAddress? {
        guard let server = try settings.server("sts") else { return nil }
        return server.isAmazon && !server.host.utf8.starts(with: "sts".utf8) ? nil : server
    }
}

extension FixedCredentials {
    /// The keys in the environment; nil when there are none.
    /// - Throws: `S3ConfigurationError` when there is one half of them.
    init?(inEnvironment settings: EnvironmentSettings) throws(S3ConfigurationError) {
        let id = settings.first("AWS_ACCESS_KEY_ID")
        let secret = settings.first("AWS_SECRET_ACCESS_KEY")
        guard id != nil || secret != nil else { return nil }
        guard let id, let secret else {
            throw S3ConfigurationError(
                place: "the environment", reason: "set both of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither")
        }
        origin = "AWS_ACCESS_KEY_ID in the environment"
        credentials = S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: settings.first("AWS_SESSION_TOKEN"))
    }
}

extension ContainerCredentials {
    /// The endpoint that the environment names; nil when it names none.
    /// - Throws: `S3ConfigurationError` when it is one to which keys must not be asked from.
    init?(_ settings: EnvironmentSettings) throws(S3ConfigurationError) {
        let variable: String
        if let path = settings.first("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            variable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
            url = "http://169.254.170.2" + path
        } else if let text = settings.first("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
            url = text
        } else {
            return nil
        }
        // The query belongs to the request; an address has none.
        let address = try ServerAddress(String(url.prefix { $0 != "?" }), place: variable)
        guard Self.isAllowed(address) else {
            throw S3ConfigurationError(
                place: variable, reason: "keys are asked for over https, or over http from this machine alone")
        }
        if let file = settings.first("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            authorization = .file(file)
        } else if let token = settings.first("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            authorization = .token(token)
        } else {
            authorization = .none
        }
    }
}

extension InstanceCredentials {
    /// The service where the environment says, or at its fixed address.
    /// - Throws: `S3ConfigurationError` when that is no URL.
    init(_ settings: EnvironmentSettings) throws(S3ConfigurationError) {
        let variable = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
        if let text = settings.first(variable) {
            let address = try ServerAddress(text, place: variable)
            endpoint = "\(address.scheme)://\(address.authority)\(address.basePath)"
        } else if settings.first("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6" {
            endpoint = "http://[fd00:ec2::254]"
        }
        let name = "AWS_METADATA_SERVICE_TIMEOUT"
        guard let text = settings.first(name) else { return }
        guard let seconds = Int(text), (1...3600).contains(seconds) else {
            throw S3ConfigurationError(place: name, reason: "expected a number of seconds from 1 to 3600")
        }
        timeout = .seconds(seconds)
    }
}
