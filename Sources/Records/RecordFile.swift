import Foundation
import GRDB
import OutcropNumerics

/// Opens SQLite files in the one way that all records use: write-ahead log, shared by the server and the command line.
public enum RecordFile {
    /// Seconds that one process waits for another: the command line writes while a server does.
    private static let patience = 10

    /// Opens a database, creating it and the folders above it, and brings it to its newest form.
    ///
    /// - Parameters:
    ///   - path: the database's file. Only its owner may read it.
    ///   - migrator: what makes a database of any earlier form into one of today's.
    /// - Throws: `FileError` if the folder cannot be made, `DatabaseError` if the file is no database or cannot be written.
    public static func open(_ path: String, migrator: DatabaseMigrator) throws -> DatabasePool {
        try FileSystem.createFolder(FileSystem.parent(of: path) ?? "/")
        let lock = try lock(path)
        defer { withExtendedLifetime(lock) {} }
        // SQLite gives the files beside it (-wal, -shm) the permissions of the database.
        for name in [path, path + "-wal", path + "-shm"] where name == path || FileSystem.status(of: name) != nil {
            try FileSystem.makePrivateFile(name)
        }
        var configuration = Configuration()
        configuration.busyMode = .timeout(TimeInterval(patience))
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { database in
            // What is acknowledged survives a loss of power.
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try migrator.migrate(pool)
        return pool
    }

    /// Waits until nobody else is opening the database.
    ///
    /// SQLite does not wait for another process that is just making the write-ahead log, and a migrator looks at what has
    /// been done before its transaction begins.
    /// - Throws: `FileError` if the lock cannot be made, or is not given back in as long as a write would wait.
    private static func lock(_ path: String) throws(FileError) -> FileLock {
        let end = ContinuousClock.now + .seconds(patience)
        while ContinuousClock.now < end {
            if let lock = try FileLock.tryCreating(path + ".lock") { return lock }
            usleep(5_000)
        }
        throw FileError(
            operation: "open", path: path, reason: "another process has been opening it for \(patience) seconds")
    }
}
