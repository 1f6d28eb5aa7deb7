import GRDB

/// The tables of the index.
///
/// Keys are blobs, so that SQLite compares them byte by byte. A file may be named by several rows: a copy of an object has
/// the file of the original. Times are seconds since 1970.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("objects and uploads") { database in
            try database.execute(sql: objects)
            try database.execute(sql: uploads)
        }
        return migrator
    }

    private static let objects = """
        CREATE TABLE bucket (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            created INTEGER NOT NULL
        );
        CREATE TABLE object (
            bucket INTEGER NOT NULL REFERENCES bucket(id),
            key BLOB NOT NULL,
            file TEXT NOT NULL,
            size INTEGER NOT NULL,
            etag TEXT NOT NULL,
            modified INTEGER NOT NULL,
            algorithm TEXT NOT NULL,
            checksum_type TEXT NOT NULL,
            checksum TEXT NOT NULL,
            part_sizes TEXT NOT NULL,
            headers BLOB NOT NULL,
            metadata BLOB NOT NULL,
            tags BLOB NOT NULL,
            PRIMARY KEY (bucket, key)
        ) WITHOUT ROWID;
        CREATE INDEX object_file ON object(file);
        """

    /// `completion` remembers uploads that became objects, for clients that did not hear of it and ask again.
    private static let uploads = """
        CREATE TABLE upload (
            id TEXT NOT NULL PRIMARY KEY,
            bucket INTEGER NOT NULL REFERENCES bucket(id) ON DELETE CASCADE,
            key BLOB NOT NULL,
            initiated INTEGER NOT NULL,
            algorithm TEXT,
            checksum_type TEXT NOT NULL,
            headers BLOB NOT NULL,
            metadata BLOB NOT NULL,
            tags BLOB NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX upload_key ON upload(bucket, key, id);
        CREATE TABLE part (
            upload TEXT NOT NULL REFERENCES upload(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            file TEXT NOT NULL,
            size INTEGER NOT NULL,
            etag TEXT NOT NULL,
            checksum BLOB NOT NULL,
            modified INTEGER NOT NULL,
            PRIMARY KEY (upload, number)
        ) WITHOUT ROWID;
        CREATE INDEX part_file ON part(file);
        CREATE TABLE completion (
            upload TEXT NOT NULL PRIMARY KEY,
            bucket INTEGER NOT NULL REFERENCES bucket(id) ON DELETE CASCADE,
            key BLOB NOT NULL,
            etag TEXT NOT NULL,
            finished INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX completion_finished ON completion(finished);
        """
}
