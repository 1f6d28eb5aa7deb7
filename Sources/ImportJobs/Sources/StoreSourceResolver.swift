import Checkpoint
import Logging
import ObjectStore
import OutcropNumerics
import S3Client

/// Finds a bucket in the embedded store, or else at the S3 server that the role names.
public struct StoreSourceResolver: ImportSourceResolver {
    /// A checkpoint has some dozens of files: who names more has named the wrong place.
    static let objectLimit = 10_000

    private let store: ObjectStore
    private let external: Role.ExternalStore?
    private let environment: [String: String]
    private let logger: Logger

    /// - Parameters:
    ///   - store: the embedded store.
    ///   - external: where buckets are that the store does not have, for roles that do not say; nil for nowhere.
    ///   - environment: the environment variables that say what such a server's settings leave open.
    public init(
        store: ObjectStore, external: Role.ExternalStore? = nil, environment: [String: String] = [:], logger: Logger
    ) {
        self.store = store
        self.external = external
        self.environment = environment
        self.logger = logger
    }

    /// The objects below a URI.
    /// - Throws: `ImportSourceError`, `ObjectStoreError`, `S3Error`, `S3ConfigurationError`.
    public func source(for uri: S3URI, role: Role) async throws -> ImportSource {
        do throws(any Error) {
            _ = try await store.bucket(uri.bucket)
        } catch ObjectStoreError.noSuchBucket {
            guard let external = role.external ?? external else { throw ImportSourceError.noSuchBucket(uri.bucket) }
            return try await source(at: external, uri, role)
        }
        return ImportSource(files: ObjectSource(location: uri.location, objects: try await embedded(uri)))
    }

    private func embedded(_ uri: S3URI) async throws -> [ObjectSource.Object] {
        let prefix = Array(uri.folderPrefix.utf8)
        var objects: [ObjectSource.Object] = []
        var query = ListQuery(prefix: prefix)
        while true {
            let page = try await store.list(uri.bucket, query)
            for case .item(let object) in page.entries {
                query.after = object.key.bytes
                guard let name = Self.name(object.key.bytes, prefix) else { continue }
                guard objects.count < Self.objectLimit else {
                    throw ImportSourceError.tooManyObjects(uri.location, limit: Self.objectLimit)
                }
                let file = try await store.file(uri.bucket, object.key)
                let path = uri.location + name
                objects.append(
                    ObjectSource.Object(name: name, byteCount: file.byteCount) { () throws(FileError) in
                        try StoredBytes(path: path, file: file.path)
                    })
            }
            guard page.isTruncated else { break }
        }
        guard !objects.isEmpty else { throw ImportSourceError.noObjects(uri.location) }
        return objects
    }

    private func source(at server: Role.ExternalStore, _ uri: S3URI, _ role: Role) async throws -> ImportSource {
        var options = S3ClientOptions()
        options.endpoint = server.endpoint
        options.region = server.region
        options.profile = server.profile
        let (finalOptions, environment, logger) = (options, environment, logger)
        // Why a thread: the settings are in files.
        let client = try await onOwnThread {
            try S3Client(finalOptions, environment: environment, logger: logger)
        }
        let found = try await Self.list(uri, client, role)
        let prefix = Array(uri.folderPrefix.utf8)
        let objects = found.compactMap { object in
            Self.name(Array(object.key.utf8), prefix).map { name in
                ObjectSource.Object(name: name, byteCount: object.byteCount) { () throws(FileError) in
                    S3ByteSource(object, client)
                }
            }
        }
        guard !objects.isEmpty else { throw ImportSourceError.noObjects(uri.location) }
        return ImportSource(files: ObjectSource(location: uri.location, objects: objects)) { client.close() }
    }

    private static func list(_ uri: S3URI, _ client: S3Client, _ role: Role) async throws -> [S3Object] {
        do throws(S3Error) {
            return try await client.list(uri, limit: objectLimit)
        } catch {
            guard error.isAccessDenied else { throw error }
            throw ImportSourceError.accessDenied(
                role: role.arn, action: error.action, resource: error.resource, reason: error.description)
        }
    }

    /// A key's name behind the prefix; nil for a key that only stands for a folder.
    private static func name(_ key: [UInt8], _ prefix: [UInt8]) -> String? {
        guard key.count > prefix.count, key.last != UInt8(ascii: "/") else { return nil }
        return String(decoding: key[prefix.count...], as: UTF8.self)
    }
}

extension S3URI {
    /// The URI with the slash that ends the folder, before which an object's name is put.
    var location: String { "s3://\(bucket)/\(folderPrefix)" }
}
