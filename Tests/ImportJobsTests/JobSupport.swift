import Foundation
import ImportJobs
import JSON
import Logging
import ModelImport
import ModelLibrary
import OutcropNumerics
import Synchronization
import TestSupport
import Testing

/// A data folder with a queue of jobs.
struct TestQueue: Sendable {
    let folder: TemporaryFolder
    let records: LibraryRecords
    let queue: ImportJobQueue
    var library: ModelLibrary { records.library }

    init(_ folder: TemporaryFolder? = nil, limit: Int = 1000) throws {
        self.folder = try folder ?? TemporaryFolder()
        records = try LibraryRecords(ModelLibrary(dataFolder: self.folder.path))
        queue = ImportJobQueue(records, limit: limit)
    }

    /// The same data folder as another process sees it.
    func reopened() throws -> TestQueue { try TestQueue(folder) }

    func request(_ name: String, model: String? = nil) -> ImportJobRequest {
        ImportJobRequest(
            name: name, modelName: model ?? name, role: "arn:aws:iam::123456789012:role/Import",
            source: "s3://bucket/\(name)/")
    }

    @discardableResult
    func create(_ name: String, model: String? = nil) async throws -> ImportJob {
        try await queue.create(request(name, model: model))
    }

    /// Publishes a model that consists of its manifest.
    func publish(_ name: String, id: String) throws {
        let manifest = Manifest(
            id: id, name: name, created: "2026-01-02T03:04:05Z", version: "1", source: "s3://bucket/\(name)/",
            layout: "",
            sourceByteCount: 10, artifactByteCount: 20, dense: .int8, parameterCount: 5, seconds: 1, errors: [],
            warnings: [])
        let staging = FileSystem.join(library.modelsFolder, ModelLibrary.hiddenName(.partial, name))
        try FileSystem.createFolder(staging)
        try AtomicFile.write(manifest.json.serializedBytes(), to: FileSystem.join(staging, Manifest.fileName))
        try FileSystem.rename(staging, to: FileSystem.join(library.modelsFolder, name))
    }

    /// Runs jobs while the test's own work goes on; then stops as a server does.
    func running<Value: Sendable>(
        _ work: any ImportWork, parallelism: Int = 1, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let runner = runner(work, parallelism: parallelism)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runner.run() }
            let value = try await body()
            group.cancelAll()
            try await group.waitForAll()
            return value
        }
    }

    func runner(_ work: any ImportWork, parallelism: Int = 1) -> ImportJobRunner {
        var settings = ImportJobSettings()
        settings.parallelism = parallelism
        settings.pollInterval = .milliseconds(5)
        settings.progressInterval = .milliseconds(5)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return ImportJobRunner(queue, work: work, settings: settings, logger: logger)
    }

    /// Waits until a job has ended.
    func end(of name: String, _ location: SourceLocation = #_sourceLocation) async throws -> ImportJobState {
        try await wait(name, location) { $0.state.isEnded }.state
    }

    /// Waits until a job is as it should be.
    func wait(
        _ name: String, _ location: SourceLocation = #_sourceLocation, until isDone: (ImportJob) -> Bool
    ) async throws -> ImportJob {
        for _ in 0..<2000 {
            if let job = try await queue.job(name), isDone(job) { return job }
            try await Task.sleep(for: .milliseconds(5))
        }
        let job = try await queue.job(name)
        Issue.record("job \(name) is \(String(describing: job))", sourceLocation: location)
        return try #require(job)
    }
}

/// Work that the test decides on, and that publishes a manifest when it succeeds.
final class ScriptedWork: ImportWork {
    private struct State {
        var running = 0
        var mostRunning = 0
        var started: [String] = []
    }

    private let test: TestQueue
    private let script: @Sendable (ImportJob, @Sendable (ImportProgress) -> Void) async throws -> Void
    private let state = Mutex(State())

    init(
        _ test: TestQueue,
        _ script: @escaping @Sendable (ImportJob, @Sendable (ImportProgress) -> Void) async throws -> Void = { _, _ in }
    ) {
        self.test = test
        self.script = script
    }

    /// The jobs in the order of their starts.
    var started: [String] { state.withLock { $0.started } }
    var mostRunning: Int { state.withLock { $0.mostRunning } }

    func run(_ job: ImportJob, progress: @escaping @Sendable (ImportProgress) -> Void) async throws -> String? {
        state.withLock { state in
            state.started.append(job.name)
            state.running += 1
            state.mostRunning = max(state.mostRunning, state.running)
        }
        defer { state.withLock { $0.running -= 1 } }
        try await script(job, progress)
        try test.publish(job.modelName, id: job.modelID)
        return nil
    }
}

/// Never returns by itself.
let endless: @Sendable (ImportJob, @Sendable (ImportProgress) -> Void) async throws -> Void = { _, _ in
    try await Task.sleep(for: .seconds(3600))
}
