import GRDB

extension ObjectStore {
    /// Creates a bucket.
    /// - Throws: `ObjectStoreError.invalidBucketName`, `.bucketExists`.
    public func createBucket(_ name: String) async throws {
        try Bucket.check(name: name)
        try await write { database in
            guard try Self.find(database, bucket: name) == nil else { throw ObjectStoreError.bucketExists(name) }
            try database.execute(
                sql: "INSERT INTO bucket (name, created) VALUES (?, ?)", arguments: [name, Self.now()])
        }
    }

    /// Deletes a bucket without objects. Multipart uploads that nobody completed go with it.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.bucketNotEmpty`.
    public func deleteBucket(_ name: String) async throws {
        try await writeReleasing { database in
            let bucket = try Self.require(database, bucket: name)
            let isUsed = try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM object WHERE bucket = ?)", arguments: [bucket])
            guard isUsed == false else { throw ObjectStoreError.bucketNotEmpty(name) }
            let parts = try String.fetchAll(
                database, sql: "SELECT file FROM part WHERE upload IN (SELECT id FROM upload WHERE bucket = ?)",
                arguments: [bucket])
            try database.execute(sql: "DELETE FROM bucket WHERE id = ?", arguments: [bucket])
            return ((), released: parts)
        }
    }

    /// A bucket.
    /// - Throws: `ObjectStoreError.noSuchBucket`.
    public func bucket(_ name: String) async throws -> Bucket {
        try await read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT name, created FROM bucket WHERE name = ?", arguments: [name])
            guard let row else { throw ObjectStoreError.noSuchBucket(name) }
            return Bucket(name: row["name"], created: row["created"])
        }
    }

    /// All buckets by name.
    /// - Throws: `ObjectStoreError.index`.
    public func buckets() async throws -> [Bucket] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT name, created FROM bucket ORDER BY name")
                .map { Bucket(name: $0["name"], created: $0["created"]) }
        }
    }

    /// The row of a bucket; nil if there is none.
    static func find(_ database: Database, bucket name: String) throws -> Int64? {
        try Int64.fetchOne(database, sql: "SELECT id FROM bucket WHERE name = ?", arguments: [name])
    }

    /// The row of a bucket.
    /// - Throws: `ObjectStoreError.noSuchBucket`.
    static func require(_ database: Database, bucket name: String) throws -> Int64 {
        guard let bucket = try find(database, bucket: name) else { throw ObjectStoreError.noSuchBucket(name) }
        return bucket
    }
}
