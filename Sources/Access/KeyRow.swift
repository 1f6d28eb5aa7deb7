import Foundation
import GRDB

/// A key as the file keeps it.
struct KeyRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "key"

    let id: String
    let name: String
    /// Nil once the key is revoked.
    var secret: String?
    /// SHA-256 of the bearer key.
    let bearerDigest: Data
    let policy: String?
    /// Seconds since 1970.
    let created: Int
    var revoked: Int?

    static let byID = "SELECT * FROM key WHERE id = ? AND revoked IS NULL"
    static let byName = "SELECT * FROM key WHERE name = ? AND revoked IS NULL"
    static let byDigest = "SELECT * FROM key WHERE bearerDigest = ? AND revoked IS NULL"

    /// Makes the file's tables.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("keys") { database in
            try database.execute(
                sql: """
                    CREATE TABLE key (
                        id TEXT NOT NULL PRIMARY KEY,
                        name TEXT NOT NULL,
                        secret TEXT,
                        bearerDigest BLOB NOT NULL UNIQUE,
                        policy TEXT,
                        created INTEGER NOT NULL,
                        revoked INTEGER
                    );
                    CREATE UNIQUE INDEX keyNameInUse ON key (name) WHERE revoked IS NULL;
                    """)
        }
        return migrator
    }

    /// The principal that the key stands for.
    func principal() throws(PolicyError) -> Principal {
        guard let policy else { return Principal(id: id, name: name, policy: .full) }
        return Principal(id: id, name: name, policy: try Policy(json: Array(policy.utf8)))
    }

    /// What may be shown of the key.
    var record: KeyRecord {
        KeyRecord(
            id: id, name: name, policy: policy, created: Date(timeIntervalSince1970: TimeInterval(created)),
            revoked: revoked.map { Date(timeIntervalSince1970: TimeInterval($0)) })
    }
}
