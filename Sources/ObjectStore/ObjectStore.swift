import Foundation
import GRDB
import OutcropNumerics
import Records
import Synchronization

/// Objects by bucket and key, in files of one folder with an index in SQLite.
///
/// - An object is there whole or not at all, and what was acknowledged survives the process and the machine: the file is on
///   the disk before the record that names it is committed.
/// - Readers keep what they have opened, whatever is stored over it meanwhile.
/// - Several processes may use the folder at the same time.
public final class ObjectStore: Sendable {
    let folder: StoreFolder
    let limits: Limits
    /// Multipart uploads that are being put together by this process.
    let assemblies = Mutex<[String: Task<StoredObject, any Error>]>([:])
    private let index: DatabasePool

    /// Sizes that are refused; Amazon's unless a test wants others.
    ///
    /// Source: "Amazon S3 multipart upload limits" in the Amazon S3 User Guide.
    public struct Limits: Sendable {
        /// The most bytes of an object stored whole, or of a part.
        public var bodyByteCount = 5 << 30
        /// The most bytes of an object.
        public var objectByteCount = 5 << 40
        /// The fewest bytes of a part that is not the last.
        public var partByteCount = 5 << 20

        /// Amazon's limits.
        public init() {}
    }

    private init(folder: StoreFolder, index: DatabasePool, limits: Limits) {
        self.folder = folder
        self.index = index
        self.limits = limits
    }

    /// Opens the store in a folder, which is created if need be, and removes what dead processes left unfinished there.
    /// - Throws: `ObjectStoreError.file`, `.index`.
    public static func open(_ path: String, limits: Limits = Limits()) async throws -> ObjectStore {
        do {
            let (folder, index) = try await FileWork.run {
                let folder = try StoreFolder(path)
                return (folder, try RecordFile.open(folder.index, migrator: Schema.migrator))
            }
            let store = ObjectStore(folder: folder, index: index, limits: limits)
            _ = try await store.sweep()
            return store
        } catch {
            throw ObjectStoreError.translating(error)
        }
    }

    /// Removes files that no record names and no living process is writing.
    /// - Returns: how many there were.
    /// - Throws: `ObjectStoreError`.
    @discardableResult
    public func sweep() async throws -> Int {
        do {
            let (folder, index) = (folder, index)
            return try await FileWork.run {
                try folder.sweep { files in try index.read { try Self.unreferenced($0, files) } }
            }
        } catch {
            throw ObjectStoreError.translating(error)
        }
    }

    /// Reads the index as it is at one moment.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await index.read(body)
        } catch {
            throw ObjectStoreError.translating(error)
        }
    }

    /// Changes the index, all or nothing. The task of its own keeps a cancelled request from interrupting the change.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            let index = index
            return try await Task { try await index.write(body) }.value
        } catch {
            throw ObjectStoreError.translating(error)
        }
    }

    /// Changes the index and removes the files that have become garbage by that.
    /// - Parameter body: its result's second part is the files that rows no longer name.
    func writeReleasing<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> (Value, released: [String])
    ) async throws -> Value {
        let (value, garbage) = try await write { database in
            let (value, released) = try body(database)
            return (value, try Self.unreferenced(database, released))
        }
        if !garbage.isEmpty {
            let folder = folder
            try await FileWork.run { folder.remove(garbage) }
        }
        return value
    }

    /// Those of the files that no row names.
    private static func unreferenced(_ database: Database, _ files: [String]) throws -> [String] {
        let statement = try database.cachedStatement(
            sql: "SELECT EXISTS (SELECT 1 FROM object WHERE file = ?1) OR EXISTS (SELECT 1 FROM part WHERE file = ?1)")
        return try files.filter { try Bool.fetchOne(statement, arguments: [$0]) == false }
    }

    /// The time now, as records have it.
    static func now() -> Int { Int(Date().timeIntervalSince1970) }
}

extension ObjectStoreError {
    /// Files' and SQLite's errors as the store's; every other as it is.
    static func translating(_ error: any Error) -> any Error {
        switch error {
        case let error as FileError: error.isOutOfSpace ? outOfSpace : file(error)
        case let error as DatabaseError:
            error.resultCode == .SQLITE_FULL ? outOfSpace : index(reason: "\(error)")
        default: error
        }
    }
}
