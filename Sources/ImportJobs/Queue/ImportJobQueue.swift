import GRDB
import ModelLibrary
import OutcropNumerics

/// The import jobs of a data folder, for every process that uses it: asks for jobs, looks at them, ends them and tries them
/// again. An `ImportJobRunner` does them.
public struct ImportJobQueue: Sendable {
    /// What the jobs are kept in.
    public let records: LibraryRecords
    /// The most jobs that may be waiting and running.
    private let limit: Int

    /// The jobs in a library's records.
    /// - Parameter limit: the most jobs that may be waiting and running.
    public init(_ records: LibraryRecords, limit: Int = 1000) {
        self.records = records
        self.limit = limit
    }

    /// Queues a job; one with the token of an earlier request is that request's.
    /// - Throws: `ImportJobError`, `TagError`, `DatabaseError`; nothing is queued then.
    public func create(_ request: ImportJobRequest) async throws -> ImportJob {
        let (library, limit) = (records.library, limit)
        return try await records.write { database in
            if let token = request.requestToken, let job = try Self.job("request_token", token, database) { return job }
            guard try Self.job("name", request.name, database) == nil else {
                throw ImportJobError.nameTaken(request.name)
            }
            try Self.checkFree(request.modelName, library, database)
            let unended = try Int.fetchOne(database, sql: "SELECT count(*) FROM import_jobs WHERE ended IS NULL") ?? 0
            guard unended < limit else { throw ImportJobError.queueFull(limit: limit) }
            let id = ModelIdentifier.random()
            let modelID = ModelIdentifier.random()
            try Self.insert(request, id: id, modelID: modelID, database)
            try LibraryRecords.add(request.jobTags, to: .job(id), database)
            // The model's tags wait for it under the id that it will have.
            try LibraryRecords.add(request.modelTags, to: .model(modelID), database)
            return try Self.require(id, database)
        }
    }

    /// The job of a name or, failing that, of an id; nil when there is none.
    /// - Throws: `DatabaseError`.
    public func job(_ nameOrID: String) async throws -> ImportJob? {
        try await records.read { try Self.find(nameOrID, $0) }
    }

    /// The job of an id; nil when there is none.
    /// - Throws: `DatabaseError`.
    public func job(id: String) async throws -> ImportJob? {
        try await records.read { try Self.job("id", id, $0) }
    }

    /// The jobs of a page of the list.
    /// - Parameter states: jobs in these states only; nil for all.
    /// - Throws: `DatabaseError`.
    public func jobs(
        _ query: RecordQuery = RecordQuery(), states: [ImportJobState]? = nil
    ) async throws -> RecordPage<ImportJob> {
        let jobs = try await records.read { database in
            let condition: SQL? = states.map { "state IN \($0.map(\.rawValue))" }
            return try query.request("listed.*", from: "import_jobs AS listed", where: condition)
                .fetchAll(database).map(ImportJob.init)
        }
        return query.page(jobs, place: \.place)
    }

    /// Ends a job: at once if nobody works on it, else as soon as who does has noticed.
    /// - Throws: `ImportJobError`, `FileError`, `DatabaseError`.
    public func cancel(_ nameOrID: String) async throws -> ImportJob {
        let folder = lockFolder
        return try await records.write { database in
            let job = try Self.find(nameOrID, database)
            guard let job else { throw ImportJobError.unknownJob(nameOrID) }
            guard job.state.after(.cancelled) != nil else {
                throw ImportJobError.wrongState(job: job.name, state: job.state, operation: "cancelled")
            }
            try database.execute(
                literal: """
                    UPDATE import_jobs SET is_cancel_requested = 1, modified = \(Timestamp.now.milliseconds)
                    WHERE id = \(job.id)
                    """)
            // While the lock is held, nobody can begin with the job.
            if let lock = try Self.lock(job, folder) {
                try Self.apply(.cancelled, to: job, failure: Self.cancelMessage, database)
                withExtendedLifetime(lock) {}
            }
            return try Self.require(job.id, database)
        }
    }

    /// Queues a job that failed or was cancelled once more.
    /// - Throws: `ImportJobError`, `DatabaseError`.
    public func retry(_ nameOrID: String) async throws -> ImportJob {
        let library = records.library
        return try await records.write { database in
            let job = try Self.find(nameOrID, database)
            guard let job else { throw ImportJobError.unknownJob(nameOrID) }
            guard job.state.after(.retried) != nil else {
                throw ImportJobError.wrongState(job: job.name, state: job.state, operation: "tried again")
            }
            try Self.checkFree(job.modelName, library, database)
            try Self.apply(.retried, to: job, database)
            return try Self.require(job.id, database)
        }
    }

    static let cancelMessage = "The import job was cancelled."

    /// Where the locks of running jobs are: a job whose lock is free has nobody who works on it.
    var lockFolder: String { FileSystem.join(records.library.dataFolder, "jobs") }

    /// Checks that a model of a name may come to be.
    private static func checkFree(_ modelName: String, _ library: ModelLibrary, _ database: Database) throws {
        let holder = try String.fetchOne(
            database, sql: "SELECT name FROM import_jobs WHERE model_name = ? AND ended IS NULL",
            arguments: [modelName])
        if let holder { throw ImportJobError.modelNameHeld(modelName, job: holder) }
        guard !library.contains(modelName) else { throw ImportJobError.modelNameTaken(modelName) }
    }

    private static func insert(
        _ request: ImportJobRequest, id: String, modelID: String, _ database: Database
    ) throws {
        let now = Timestamp.now.milliseconds
        // Their form allows no spaces.
        let subnets = request.network.map { $0.subnets.joined(separator: " ") }
        let groups = request.network.map { $0.securityGroups.joined(separator: " ") }
        try database.execute(
            literal: """
                INSERT INTO import_jobs
                (id, name, model_id, model_name, role, source, kms_key, subnets, security_groups, request_token, state,
                created, modified)
                VALUES (\(id), \(request.name), \(modelID), \(request.modelName), \(request.role),
                \(request.source), \(request.kmsKey), \(subnets), \(groups), \(request.requestToken),
                \(ImportJobState.queued.rawValue), \(now), \(now))
                """)
    }
}
