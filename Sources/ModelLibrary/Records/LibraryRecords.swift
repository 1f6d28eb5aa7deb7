import GRDB
import OutcropNumerics
import Records
import Synchronization

/// What is known about models, import jobs and tags: `records.sqlite` in the data folder, shared by every process that uses
/// the folder.
///
/// Which models exist is not its to say: their folders are, and appear and disappear by one rename each. Models are read
/// from here all the same, since a folder's manifest is long; before they are, the records catch up with the folders if
/// those have changed, whoever changed them.
public final class LibraryRecords: Sendable {
    /// The file's name.
    public static let fileName = "records.sqlite"

    /// The models' folders.
    public let library: ModelLibrary
    private let pool: DatabasePool
    /// When the models' folder had changed last as the records caught up with it.
    private let seen = Mutex<Int64?>(nil)

    /// Opens the records of a library, creating them if there are none. Blocks the calling thread.
    /// - Throws: `FileError` or `DatabaseError`.
    public init(_ library: ModelLibrary) throws {
        self.library = library
        pool = try RecordFile.open(
            FileSystem.join(library.dataFolder, Self.fileName), migrator: RecordSchema.migrator)
    }

    /// Reads the database.
    package func read<Value: Sendable>(_ value: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await pool.read(value)
    }

    /// Changes the database in one transaction, which goes through to its end even if the caller's task is cancelled.
    package func write<Value: Sendable>(_ change: @escaping @Sendable (Database) throws -> Value) async throws -> Value
    {
        let pool = pool
        return try await Task { try await pool.write(change) }.value
    }

    /// The models of a page of the list.
    /// - Throws: `DatabaseError`.
    public func models(_ query: RecordQuery = RecordQuery()) async throws -> RecordPage<ImportedModel> {
        try await catchUp()
        let models = try await read { database in
            try query.request(ImportedModel.columns, from: ImportedModel.table).fetchAll(database)
                .map(ImportedModel.init)
        }
        return query.page(models) { RecordPlace(created: $0.created, id: $0.id) }
    }

    /// The model of a name or, failing that, of an id; nil when there is none.
    /// - Throws: `DatabaseError`.
    public func model(_ nameOrID: String) async throws -> ImportedModel? {
        try await catchUp()
        return try await read { database in
            try Self.model("name", nameOrID, database) ?? Self.model("id", nameOrID, database)
        }
    }

    /// The model of an id; nil when there is none.
    /// - Throws: `DatabaseError`.
    public func model(id: String) async throws -> ImportedModel? {
        try await catchUp()
        return try await read { try Self.model("id", id, $0) }
    }

    private static func model(_ column: String, _ value: String, _ database: Database) throws -> ImportedModel? {
        let request: SQLRequest<Row> = """
            SELECT \(sql: ImportedModel.columns) FROM \(sql: ImportedModel.table)
            WHERE listed.\(sql: column) = \(value)
            """
        return try request.fetchOne(database).map(ImportedModel.init)
    }

    /// Deletes a model: its name is free and nobody finds it from now on, its artifact goes from the disk, and processes that
    /// have it mapped keep their mapping.
    /// - Returns: false when there is no such model any more.
    /// - Throws: `LibraryError` or `DatabaseError`.
    public func delete(_ model: ImportedModel) async throws -> Bool {
        let library = library
        let isDeleted = try await onOwnThread {
            // Another model may have taken the name meanwhile.
            guard let current = try? library.model(named: model.name), current.manifest.id == model.id else {
                return false
            }
            try library.remove(named: model.name)
            return true
        }
        try await catchUp()
        return isDeleted
    }

    /// Makes the models' records those of the models that exist now, if the models' folder has changed.
    /// - Throws: `DatabaseError`.
    public func catchUp() async throws {
        let (folder, before) = (library.modelsFolder, Timestamp.now)
        let modified = FileSystem.status(of: folder)?.modified ?? 0
        guard seen.withLock({ $0 != modified }) else { return }
        let library = library
        try await write { try Self.reconcile($0, library) }
        // A change within the clock's grain after this one would not show; until that is over, look again.
        if before.milliseconds - modified / 1_000_000 > 100 { seen.withLock { $0 = modified } }
    }
}
