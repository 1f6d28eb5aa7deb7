import GRDB
import OutcropNumerics

/// Opens SQLite files in the one way that all records use: write-ahead log, shared by the server and the command line.
public enum RecordFile {
    /// Opens a database, creating it and the folders above it, and brings it to its newest form.
    ///
    /// - Parameters:
    ///   - path: the database's file. Only its owner may read it.
    ///   - migrator: what makes a database of any earlier form into one of today's.
    /// - Throws: `FileError` if the folder cannot be made, `DatabaseError` if the file is no database or cannot be written.
    public static func open(_ path: String, migrator: DatabaseMigrator) throws -> DatabasePool {
        try FileSystem.createFolder(FileSystem.parent(of: path) ?? "/")
        // SQLite gives the files beside it (-wal, -shm) the permissions of the database.
        for name in [path, path + "-wal", path + "-shm"] where name == path || FileSystem.status(of: name) != nil {
            try FileSystem.makePrivateFile(name)
        }
        var configuration = Configuration()
        // Why: the command line writes while a server does.
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { database in
            // What is acknowledged survives a loss of power.
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try migrator.migrate(pool)
        return pool
    }
}
