import BedrockAPI
import Foundation
import HTTPTypes
import ImportJobs
import JSON
import Logging
import ModelImport
import ModelLibrary
import TestSupport
import Testing

/// The Bedrock door over a data folder whose import jobs make models without weights.
struct ControlPlaneServer: Sendable {
    let folder: TemporaryFolder
    let queue: ImportJobQueue
    let server: TestServer

    init(keys: [String] = []) throws {
        folder = try TemporaryFolder()
        queue = ImportJobQueue(try LibraryRecords(ModelLibrary(dataFolder: folder.path)), limit: 20)
        server = try TestServer(scripts: [], keys: keys, controlPlane: ControlPlane(queue))
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) async throws -> TestAnswer {
        try await server.send(method, path, body: body)
    }

    /// The body of CreateModelImportJob; `changes` replaces members, an empty text removes one.
    static func body(_ name: String, _ changes: [String: String] = [:]) -> String {
        var members = [
            "jobName": "\"\(name)\"", "importedModelName": "\"\(name)\"",
            "roleArn": "\"arn:aws:iam::123456789012:role/Import\"",
            "modelDataSource": "{\"s3DataSource\":{\"s3Uri\":\"s3://bucket/\(name)/\"}}",
        ]
        members.merge(changes) { $1 }
        return "{" + members.filter { !$0.value.isEmpty }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
            + "}"
    }

    /// Asks for a job.
    /// - Returns: its ARN.
    @discardableResult
    func create(
        _ name: String, _ changes: [String: String] = [:], _ location: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let answer = try await send(.post, "/model-import-jobs", Self.body(name, changes))
        #expect(answer.status == 201, "\(answer.text)", sourceLocation: location)
        return try #require(try answer.json["jobArn"]?.stringValue, sourceLocation: location)
    }

    /// Runs the jobs that wait.
    /// - Parameter failure: why they fail; nil if they do not.
    func runJobs(failure: ImportSourceError? = nil) async throws {
        var settings = ImportJobSettings()
        settings.pollInterval = .milliseconds(5)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let runner = ImportJobRunner(
            queue, work: ManifestWork(folder: folder.path, failure: failure), settings: settings, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runner.run() }
            while try await queue.jobs(states: [.queued, .validating, .converting, .publishing]).elements.count > 0 {
                try await Task.sleep(for: .milliseconds(5))
            }
            group.cancelAll()
        }
    }

    /// Imports a model through a job.
    /// - Returns: the model's description.
    func importModel(_ name: String, _ changes: [String: String] = [:]) async throws -> JSONValue {
        try await create(name, changes)
        try await runJobs()
        return try await send(.get, "/imported-models/\(name)").json
    }
}

/// Publishes a manifest in place of an import.
private struct ManifestWork: ImportWork {
    let folder: String
    let failure: ImportSourceError?

    func run(_ job: ImportJob, progress: @escaping @Sendable (ImportProgress) -> Void) async throws -> String? {
        if let failure { throw failure }
        let manifest = Manifest(
            id: job.modelID, name: job.modelName, created: Timestamp.now.description, version: "1", source: job.source,
            layout: "huggingface-bf16", sourceByteCount: 1, artifactByteCount: 1, dense: .int8, parameterCount: 1,
            seconds: 1, errors: [], warnings: [])
        let target = "\(folder)/models/\(job.modelName)"
        try FileManager.default.createDirectory(atPath: target + ".new", withIntermediateDirectories: true)
        try Data(manifest.json.serializedBytes()).write(to: URL(fileURLWithPath: target + ".new/manifest.json"))
        try FileManager.default.moveItem(atPath: target + ".new", toPath: target)
        return nil
    }
}
