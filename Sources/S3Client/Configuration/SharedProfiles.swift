import OutcropNumerics

/// The profiles of both shared files, joined.
struct SharedProfiles: Sendable {
    private let config: SharedFile
    private let credentials: SharedFile
    /// The path of the file that holds the settings.
    let configPath: String

    /// Reads both files from where the environment says, or from `~/.aws`; files that do not exist are empty.
    /// - Throws: `S3ConfigurationError` when one cannot be read.
    init(environment: [String: String]) throws(S3ConfigurationError) {
        let home = environment["HOME"] ?? ""
        func path(_ variable: String, _ name: String) -> String {
            guard let path = environment[variable], !path.isEmpty else { return FileSystem.join(home, ".aws/\(name)") }
            return path.utf8.starts(with: "~/".utf8) ? FileSystem.join(home, String(path.dropFirst(2))) : path
        }
        configPath = path("AWS_CONFIG_FILE", "config")
        config = try Self.read(configPath, .config)
        credentials = try Self.read(path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), .credentials)
    }

    /// The settings of a profile, of which those in the credentials file go first; nil when neither file has it.
    func profile(_ name: String) -> SharedFile.Section? {
        let settings = config.profiles[name]
        guard let keys = credentials.profiles[name] else { return settings }
        guard var section = settings else { return keys }
        section.values.merge(keys.values) { $1 }
        section.nested.merge(keys.nested) { $1 }
        return section
    }

    /// The endpoint that a profile names for a service ("s3", "sts"): in its `services` section, or for all services.
    func endpoint(_ service: String, of profile: SharedFile.Section) -> String? {
        let services = profile.values["services"].flatMap { config.services[$0] }
        return services?.nested[service]?["endpoint_url"] ?? profile.values["endpoint_url"]
    }

    private static func read(_ path: String, _ kind: SharedFile.Kind) throws(S3ConfigurationError) -> SharedFile {
        let bytes: [UInt8]?
        do throws(FileError) {
            bytes = try SmallFile.bytes(at: path, limit: SharedFile.maximumByteCount)
        } catch {
            throw S3ConfigurationError(place: path, reason: error.reason)
        }
        guard let bytes else { return SharedFile() }
        do throws(SharedFileError) {
            return try SharedFile(parsing: bytes, kind: kind)
        } catch {
            throw S3ConfigurationError(place: path, reason: error.description)
        }
    }
}
