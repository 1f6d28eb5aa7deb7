import GRDB
import ModelImport
import ModelLibrary
import OutcropNumerics

/// A job that this process alone may work on.
struct ClaimedJob: Sendable {
    let job: ImportJob
    /// Held until the job's end is recorded.
    let lock: FileLock
}

/// How the work on a job ended.
enum ImportJobOutcome: Sendable, Equatable {
    /// The model is published.
    case completed(findings: String?)
    /// It cannot be done, for a reason in at most 2048 bytes and one in full.
    case failed(message: String, findings: String?)
    /// Somebody wanted it to end.
    case cancelled
    /// The process stops in good order.
    case interrupted
}

/// What a runner does with the queue.
extension ImportJobQueue {
    /// Takes on the oldest job that nobody works on: a queued one, or one whose process has died.
    /// - Parameter startLimit: a job that was started so often, and never ended, fails instead.
    /// - Returns: nil when there is no such job now.
    func claim(startLimit: Int) async throws -> ClaimedJob? {
        // Nearly always there is nothing to do, and a read disturbs nobody.
        let unended = "SELECT * FROM import_jobs WHERE ended IS NULL ORDER BY created, id"
        guard try await records.read({ try Row.fetchOne($0, sql: unended) != nil }) else { return nil }
        let (library, folder) = (records.library, lockFolder)
        return try await records.write { database in
            for job in try Row.fetchAll(database, sql: unended).map(ImportJob.init) {
                guard let lock = try Self.lock(job, folder) else { continue }
                if try Self.isSettled(job, startLimit: startLimit, library, database) { continue }
                try Self.apply(.started, to: job, database)
                return ClaimedJob(job: try Self.require(job.id, database), lock: lock)
            }
            return nil
        }
    }

    /// Ends a job that nobody works on and that needs no further work, if it is one.
    private static func isSettled(
        _ job: ImportJob, startLimit: Int, _ library: ModelLibrary, _ database: Database
    ) throws -> Bool {
        if job.state.isRunning, let model = try? library.model(named: job.modelName), model.manifest.id == job.modelID {
            // Its process died between the publication and the record of it.
            try LibraryRecords.reconcile(database, library)
            try apply(.completed, to: job, database)
        } else if job.isCancelRequested {
            try apply(.cancelled, to: job, failure: cancelMessage, database)
        } else if job.starts >= startLimit {
            try apply(
                .failed, to: job,
                failure:
                    "The import was started \(job.starts) times, and each time the server ended in the middle of it. "
                    + "The server's log and the system's may say why (out of memory, for instance); then try the job "
                    + "again: outcrop jobs retry \(job.name)", database)
        } else {
            return false
        }
        return true
    }

    /// Takes note of how far a job is.
    /// - Returns: whether somebody wants it to end.
    func record(_ progress: ImportJob.Progress, phase: ImportJobState, of claimed: ClaimedJob) async throws -> Bool {
        try await records.write { database in
            let job = try Self.require(claimed.job.id, database)
            guard let state = job.state.after(.reached(phase)) else { return false }
            try database.execute(
                literal: """
                    UPDATE import_jobs SET state = \(state.rawValue), modified = \(Timestamp.now.milliseconds),
                    bytes_done = \(progress.bytesDone), bytes_total = \(progress.bytesTotal),
                    bytes_per_second = \(progress.bytesPerSecond), seconds_remaining = \(progress.secondsRemaining)
                    WHERE id = \(job.id)
                    """)
            return job.isCancelRequested
        }
    }

    /// Whether somebody wants a job to end.
    func isCancelRequested(_ claimed: ClaimedJob) async throws -> Bool {
        let id = claimed.job.id
        return try await records.read { try Self.job("id", id, $0)?.isCancelRequested ?? false }
    }

    /// Records how the work on a job ended. Only then may its lock go.
    func end(_ claimed: ClaimedJob, _ outcome: ImportJobOutcome) async throws {
        let library = records.library
        try await records.write { database in
            let job = try Self.require(claimed.job.id, database)
            switch outcome {
            case .completed(let findings):
                try LibraryRecords.reconcile(database, library)
                try Self.apply(.completed, to: job, findings: findings, database)
            case .failed(let message, let findings):
                try Self.apply(.failed, to: job, failure: message, findings: findings, database)
            case .cancelled: try Self.apply(.cancelled, to: job, failure: Self.cancelMessage, database)
            case .interrupted:
                let event = job.isCancelRequested ? ImportJobEvent.cancelled : .interrupted
                try Self.apply(event, to: job, failure: job.isCancelRequested ? Self.cancelMessage : nil, database)
            }
        }
        withExtendedLifetime(claimed.lock) {}
    }
}
