import GRDB
import ModelLibrary
import OutcropNumerics

extension ImportJobQueue {
    /// The job whose column has a value.
    static func job(_ column: String, _ value: String, _ database: Database) throws -> ImportJob? {
        let request: SQLRequest<Row> = "SELECT * FROM import_jobs WHERE \(sql: column) = \(value)"
        return try request.fetchOne(database).map(ImportJob.init)
    }

    /// The job of a name or, failing that, of an id.
    static func find(_ nameOrID: String, _ database: Database) throws -> ImportJob? {
        try job("name", nameOrID, database) ?? job("id", nameOrID, database)
    }

    /// The job of an id that must be there.
    static func require(_ id: String, _ database: Database) throws -> ImportJob {
        guard let job = try job("id", id, database) else { throw ImportJobError.unknownJob(id) }
        return job
    }

    /// The right to work on a job; nil when somebody has it. The system takes it back when its holder ends, however it ends.
    static func lock(_ job: ImportJob, _ folder: String) throws(FileError) -> FileLock? {
        try FileSystem.createFolder(folder)
        return try FileLock.tryCreating(FileSystem.join(folder, ".lock-" + job.id))
    }

    /// Takes note of what happened to a job.
    /// - Throws: `ImportJobError.wrongState` when it cannot happen to it.
    static func apply(
        _ event: ImportJobEvent, to job: ImportJob, failure: String? = nil, findings: String? = nil,
        _ database: Database
    ) throws {
        guard let state = job.state.after(event) else {
            throw ImportJobError.wrongState(job: job.name, state: job.state, operation: "\(event)")
        }
        let now = Timestamp.now.milliseconds
        let starts =
            switch event {
            case .started: job.starts + 1
            case .interrupted: max(job.starts - 1, 0)
            case .retried: 0
            default: job.starts
            }
        try database.execute(
            literal: """
                UPDATE import_jobs SET state = \(state.rawValue), modified = \(now), starts = \(starts),
                ended = \(state.isEnded ? now : nil), failure = \(failure), findings = \(findings)
                WHERE id = \(job.id)
                """)
        if [.started, .interrupted, .retried].contains(event) {
            try database.execute(
                literal: """
                    UPDATE import_jobs SET bytes_done = 0, bytes_total = 0, bytes_per_second = NULL,
                    seconds_remaining = NULL WHERE id = \(job.id)
                    """)
        }
        if event == .retried {
            try database.execute(literal: "UPDATE import_jobs SET is_cancel_requested = 0 WHERE id = \(job.id)")
        }
    }
}
