import OutcropNumerics

/// The environment variables, and the profile that they or the caller name.
struct EnvironmentSettings: Sendable {
    private let environment: [String: String]
    /// All profiles.
    let profiles: SharedProfiles
    /// The name of the profile in use.
    let profileName: String
    /// Its settings; empty when there is no profile `default`.
    let profile: SharedFile.Section

    /// Reads the shared files.
    /// - Throws: `S3ConfigurationError`, also when a profile is named that does not exist.
    init(_ environment: [String: String], profile name: String?) throws(S3ConfigurationError) {
        self.environment = environment
        profiles = try SharedProfiles(environment: environment)
        let named = name ?? environment["AWS_PROFILE"].flatMap { $0.isEmpty ? nil : $0 }
        profileName = named ?? "default"
        guard let section = profiles.profile(profileName) ?? (named == nil ? SharedFile.Section() : nil) else {
            throw S3ConfigurationError(
                place: "the profile \(profileName)",
                reason: "neither \(profiles.configPath) nor the credentials file has it")
        }
        profile = section
    }

    /// The value of the first variable that has one; an empty value is none.
    func first(_ names: String...) -> String? {
        for name in names {
            if let value = environment[name], !value.isEmpty { return value }
        }
        return nil
    }

    /// Whether a variable is "true" or "1".
    func isTrue(_ name: String) -> Bool { first(name).map { ["true", "1"].contains($0.lowercased()) } ?? false }

    /// Whether a variable is "false" or "0".
    func isFalse(_ name: String) -> Bool { first(name).map { ["false", "0"].contains($0.lowercased()) } ?? false }

    /// The file with the authorities to trust. KServe mounts the one of a config map at a path of its own.
    var certificateAuthorities: String? {
        if let file = first("AWS_CA_BUNDLE") ?? profile.values["ca_bundle"] { return file }
        guard first("CA_BUNDLE_CONFIGMAP_NAME") != nil, let folder = first("CA_BUNDLE_VOLUME_MOUNT_POINT") else {
            return nil
        }
        return FileSystem.join(folder, "cabundle.crt")
    }

    /// Where requests name the bucket.
    /// - Throws: `S3ConfigurationError` when the profile's `addressing_style` is unknown.
    func addressing() throws(S3ConfigurationError) -> S3Addressing {
        if isTrue("S3_USER_VIRTUAL_BUCKET") { return .virtualHost }
        guard let style = profile.nested["s3"]?["addressing_style"] else { return .automatic }
        guard let addressing = S3Addressing(rawValue: style) else {
            throw S3ConfigurationError(
                place: "addressing_style of the profile \(profileName)",
                reason: "found \(style), expected auto, path or virtual")
        }
        return addressing
    }

    /// The server of a service ("s3", "sts") that the environment or the profile names; nil for Amazon's.
    /// - Throws: `S3ConfigurationError` when it is no URL.
    func server(_ service: String) throws(S3ConfigurationError) -> ServerAddress? {
        guard !isTrue("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") else { return nil }
        for variable in ["AWS_ENDPOINT_URL_\(service.uppercased())", "AWS_ENDPOINT_URL"] {
            guard let url = first(variable) else { continue }
            return try ServerAddress(url, place: variable)
        }
        if service == "s3", let host = first("S3_ENDPOINT") {
            return try ServerAddress(
                host, defaultScheme: isFalse("S3_USE_HTTPS") ? "http" : "https", place: "S3_ENDPOINT")
        }
        guard let url = profiles.endpoint(service, of: profile) else { return nil }
        return try ServerAddress(url, place: "endpoint_url of the profile \(profileName) in \(profiles.configPath)")
    }
}
