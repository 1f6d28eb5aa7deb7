import GRDB

/// A key and a value that somebody put on a resource.
public struct Tag: Sendable, Equatable {
    /// The key; one of each per resource.
    public let key: String
    /// The value, may be empty.
    public let value: String

    /// A tag.
    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// What can have tags.
public enum TaggedResource: Sendable, Equatable {
    /// A model, by its id.
    case model(String)
    /// An import job, by its id.
    case job(String)

    /// As in the resource's ARN.
    var path: String {
        switch self {
        case .model(let id): "imported-model/\(id)"
        case .job(let id): "model-import-job/\(id)"
        }
    }
}

/// Why tags were not changed.
public enum TagError: Error, Sendable, Equatable {
    /// There is no such resource.
    case unknownResource
    /// The resource would have more than `LibraryRecords.tagLimit`.
    case tooMany
}

extension LibraryRecords {
    /// The most tags of a resource.
    public static let tagLimit = 200

    /// A resource's tags in the order in which their keys were first given.
    /// - Throws: `TagError.unknownResource`, `DatabaseError`.
    public func tags(of resource: TaggedResource) async throws -> [Tag] {
        try await catchUp()
        return try await read { database in
            try Self.check(resource, database)
            return try Row.fetchAll(
                database, sql: "SELECT key, value FROM tags WHERE resource = ? ORDER BY rowid",
                arguments: [resource.path]
            ).map { Tag(key: $0["key"], value: $0["value"]) }
        }
    }

    /// Gives a resource tags; the value of a key that it has is replaced.
    /// - Throws: `TagError`, `DatabaseError`.
    public func add(_ tags: [Tag], to resource: TaggedResource) async throws {
        try await catchUp()
        try await write { database in
            try Self.check(resource, database)
            try Self.add(tags, to: resource, database)
        }
    }

    /// Takes tags away from a resource; keys that it does not have are passed over.
    /// - Throws: `TagError.unknownResource`, `DatabaseError`.
    public func remove(keys: [String], from resource: TaggedResource) async throws {
        try await catchUp()
        try await write { database in
            try Self.check(resource, database)
            for key in keys {
                try database.execute(
                    sql: "DELETE FROM tags WHERE resource = ? AND key = ?", arguments: [resource.path, key])
            }
        }
    }

    /// Gives a resource tags without asking whether it exists.
    package static func add(_ tags: [Tag], to resource: TaggedResource, _ database: Database) throws {
        for tag in tags {
            try database.execute(
                sql: """
                    INSERT INTO tags (resource, key, value) VALUES (?, ?, ?)
                    ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value
                    """, arguments: [resource.path, tag.key, tag.value])
        }
        let count = try Int.fetchOne(
            database, sql: "SELECT count(*) FROM tags WHERE resource = ?", arguments: [resource.path])
        if count ?? 0 > tagLimit { throw TagError.tooMany }
    }

    private static func check(_ resource: TaggedResource, _ database: Database) throws {
        let request: SQLRequest<Int> =
            switch resource {
            case .model(let id): "SELECT 1 FROM models WHERE id = \(id)"
            case .job(let id): "SELECT 1 FROM import_jobs WHERE id = \(id)"
            }
        guard try request.fetchOne(database) != nil else { throw TagError.unknownResource }
    }
}
