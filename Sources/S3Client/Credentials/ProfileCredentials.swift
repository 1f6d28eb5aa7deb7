/// Keys that a profile of the shared files stands for: written in it, or of a role that it takes.
struct ProfileCredentials {
    private let profiles: SharedProfiles
    private let settings: EnvironmentSettings
    private let service: TokenService
    /// Roles that are taken with the keys of roles, at most.
    private static let longestChain = 5

    init(_ profiles: SharedProfiles, _ settings: EnvironmentSettings, _ service: TokenService) {
        self.profiles = profiles
        self.settings = settings
        self.service = service
    }

    /// Where a profile's keys come from; nil when it has none.
    /// - Throws: `S3ConfigurationError` when it has them by half or in a way that is not supported.
    func provider(_ name: String) throws(S3ConfigurationError) -> (any CredentialProvider)? {
        try provider(name, depth: 0)
    }

    private func provider(_ name: String, depth: Int) throws(S3ConfigurationError) -> (any CredentialProvider)? {
        guard let section = profiles.profile(name) else {
            guard depth > 0 else { return nil }
            throw wrong(name, "there is no such profile")
        }
        let values = section.values
        guard let role = values["role_arn"] else { return try keys(name, values) }
        let proof: RoleCredentials.Proof
        if let file = values["web_identity_token_file"] {
            proof = .webIdentity(tokenFile: file)
        } else {
            proof = .keys(try source(name, values, depth: depth), externalID: values["external_id"])
        }
        return RoleCredentials(
            role: role, sessionName: values["role_session_name"] ?? "outcrop", proof: proof, service: service)
    }

    private func source(
        _ name: String, _ values: [String: String], depth: Int
    ) throws(S3ConfigurationError) -> any CredentialProvider {
        if values["mfa_serial"] != nil { throw wrong(name, "a role that asks for a one-time password cannot be taken") }
        if let source = values["source_profile"] {
            // A profile may name itself: then its own keys take the role.
            let provider =
                source == name ? try keys(name, values) : try nested(source, below: name, depth: depth)
            guard let provider else { throw wrong(name, "its source_profile \(source) has no keys") }
            return provider
        }
        switch values["credential_source"] {
        case "Environment":
            guard let keys = try FixedCredentials(inEnvironment: settings) else {
                throw wrong(name, "its credential_source is Environment, which has no keys")
            }
            return keys
        case "Ec2InstanceMetadata": return try InstanceCredentials(settings)
        case "EcsContainer":
            guard let container = try ContainerCredentials(settings) else {
                throw wrong(name, "its credential_source is EcsContainer, which the environment does not name")
            }
            return container
        default:
            throw wrong(
                name,
                "role_arn needs source_profile, web_identity_token_file, or credential_source = Environment, "
                    + "Ec2InstanceMetadata or EcsContainer")
        }
    }

    private func nested(
        _ source: String, below name: String, depth: Int
    ) throws(S3ConfigurationError) -> (any CredentialProvider)? {
        guard depth < Self.longestChain else {
            throw wrong(name, "more than \(Self.longestChain) source_profile settings behind each other")
        }
        return try provider(source, depth: depth + 1)
    }

    private func keys(_ name: String, _ values: [String: String]) throws(S3ConfigurationError) -> FixedCredentials? {
        let id = values["aws_access_key_id"]
        let secret = values["aws_secret_access_key"]
        if let id, let secret, !id.isEmpty, !secret.isEmpty {
            return FixedCredentials(
                origin: "the profile \(name)",
                credentials: S3Credentials(
                    accessKeyID: id, secretAccessKey: secret, sessionToken: values["aws_session_token"]))
        }
        guard id == nil, secret == nil else {
            throw wrong(name, "set both of aws_access_key_id and aws_secret_access_key, or neither")
        }
        for setting in ["credential_process", "sso_session", "sso_start_url", "login_session"]
        where values[setting] != nil {
            throw wrong(
                name,
                "\(setting) is not supported; write keys into the environment, for instance with "
                    + "aws configure export-credentials --profile \(name) --format env")
        }
        return nil
    }

    private func wrong(_ name: String, _ reason: String) -> S3ConfigurationError {
        S3ConfigurationError(place: "the profile \(name)", reason: reason)
    }
}
