import JSON
import OutcropNumerics

/// The roles that an operator has configured: a JSON file, read anew for each job so that it can be mended between them.
///
/// ```json
/// {"roles": {"arn:aws:iam::123456789012:role/Import": {
///     "read": ["models/*", "team-bucket/gpt-oss/*"],
///     "s3": {"endpoint": "https://minio.internal:9000", "region": "us-east-1", "profile": "minio"}}}}
/// ```
///
/// `s3` may be absent: then the role reads the embedded store only. Without the file, every role may read all of the embedded
/// store and nothing else.
public struct RoleFile: Sendable {
    /// The file's name in the data folder, unless another one is given.
    public static let fileName = "roles.json"
    private static let byteLimit = 1 << 20

    /// The file.
    public let path: String

    /// The roles of a file, which need not exist.
    public init(path: String) {
        self.path = path
    }

    /// What the role of an ARN may do.
    /// - Throws: `ImportSourceError` when the file cannot be read or does not have the role.
    public func role(_ arn: String) throws(ImportSourceError) -> Role {
        guard let roles = try roles() else { return Role(arn: arn, readable: nil) }
        guard let role = roles.first(where: { $0.arn.utf8.elementsEqual(arn.utf8) }) else {
            throw .unknownRole(arn)
        }
        return role
    }

    /// All roles; nil when there is no file.
    /// - Throws: `ImportSourceError.roleFile`.
    public func roles() throws(ImportSourceError) -> [Role]? {
        guard FileSystem.status(of: path) != nil else { return nil }
        let bytes: [UInt8]
        do throws(FileError) {
            let file = try RandomAccessFile(path: path)
            guard file.byteCount <= Self.byteLimit else {
                throw FileError(operation: "read", path: path, reason: "it is larger than \(Self.byteLimit) bytes")
            }
            bytes = try file.read(at: 0, count: file.byteCount)
        } catch {
            throw .roleFile("\(error)")
        }
        return try Self.roles(bytes)
    }

    /// Reads a file's bytes. Never traps, whatever they are.
    /// - Throws: `ImportSourceError.roleFile`.
    public static func roles(_ bytes: [UInt8]) throws(ImportSourceError) -> [Role] {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue.parse(bytes)
        } catch {
            throw .roleFile("it is no JSON: \(error)")
        }
        guard let entries = json["roles"]?.objectValue?.entries else {
            throw .roleFile("it should be an object with a member \"roles\" that is one, too")
        }
        var roles: [Role] = []
        for (arn, value) in entries { roles.append(try role(arn, value)) }
        return roles
    }

    private static func role(_ arn: String, _ json: JSONValue) throws(ImportSourceError) -> Role {
        guard let patterns = json["read"]?.arrayValue, patterns.allSatisfy({ $0.stringValue != nil }) else {
            throw .roleFile("the role '\(arn)' needs \"read\", a list of patterns such as \"bucket/prefix/*\"")
        }
        let readable = patterns.compactMap(\.stringValue)
        if let wrong = readable.first(where: {
            !$0.utf8.contains(UInt8(ascii: "/")) || $0.utf8.last != UInt8(ascii: "*")
        }) {
            throw .roleFile(
                "the pattern '\(wrong)' of the role '\(arn)' should be a bucket, a slash, a prefix and a '*'")
        }
        guard let store = json["s3"], !store.isNull else { return Role(arn: arn, readable: readable) }
        guard let members = store.objectValue, members.entries.allSatisfy({ $0.value.stringValue != nil }) else {
            throw .roleFile(
                "\"s3\" of the role '\(arn)' should be an object with endpoint, region and profile as strings")
        }
        return Role(
            arn: arn, readable: readable,
            external: Role.ExternalStore(
                endpoint: store["endpoint"]?.stringValue, region: store["region"]?.stringValue,
                profile: store["profile"]?.stringValue))
    }
}
