import Checkpoint
import Foundation
import Logging
import ModelImport
import ModelLibrary
import ObjectStore
import OutcropNumerics
import S3Client
import TestSupport
import Testing

@testable import ImportJobs

@Suite(.timeLimit(.minutes(2))) struct CheckpointImportTests {
    private let test: TestQueue
    private let source: String

    init() throws {
        test = try TestQueue()
        source = try test.folder.copy(fixture("checkpoints/d1-base/hf-bf16-sharded"), as: "source")
    }

    /// Puts files of the source into the store, below a job's prefix.
    private func upload(_ job: String, _ names: [String]? = nil) async throws -> ObjectStore {
        let store = try await ObjectStore.open(test.folder.join("objects"))
        try? await store.createBucket("bucket")
        for name in try names ?? FileSystem.names(inFolder: source) {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source + "/" + name)))
            let writer = try await store.beginObject(
                bucket: "bucket", key: ObjectKey("\(job)/\(name)"), byteCount: bytes.count)
            try await writer.write(bytes)
            _ = try await writer.finish()
        }
        return store
    }

    private func work(_ store: ObjectStore, isStrict: Bool = false) -> CheckpointImport {
        CheckpointImport(
            test.library, roles: RoleFile(path: test.folder.join("roles.json")),
            resolver: StoreSourceResolver(store: store, logger: Logger(label: "test")),
            options: ImportOptions(isStrict: isStrict))
    }

    /// Runs a job over the source to its end.
    private func run(_ name: String = "job", isStrict: Bool = false) async throws -> ImportJob {
        let store = try await upload(name)
        try await test.create(name, model: "model-\(name)")
        let job = try await test.running(work(store, isStrict: isStrict)) {
            try await test.wait(name) { $0.state.isEnded }
        }
        // Whatever became of it, nothing of its work stays.
        #expect(try FileSystem.names(inFolder: test.folder.join("jobs")).isEmpty)
        let models = (try? FileSystem.names(inFolder: test.library.modelsFolder)) ?? []
        #expect(models.filter { $0.hasPrefix(".") } == [])
        if let failure = job.failure {
            #expect(failure.utf8.count <= 2048)
            #expect(!failure.contains(test.folder.path))
        }
        return job
    }

    private func index(_ change: (inout [String: Any]) -> Void) throws {
        let url = URL(fileURLWithPath: source + "/model.safetensors.index.json")
        var index = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
        change(&index)
        try JSONSerialization.data(withJSONObject: index).write(to: url)
    }

    @Test("a checkpoint becomes a model that can be opened and knows where it came from")
    func completes() async throws {
        let job = try await run()
        #expect(job.state == .completed, "\(job)")
        let model = try test.library.model(named: "model-job")
        #expect(model.manifest.id == job.modelID)
        #expect(model.manifest.source == "s3://bucket/job/")
        _ = try Artifact(folder: model.folder)
        #expect(try await test.records.model("model-job")?.job?.id == job.id)
    }

    @Test("a missing shard fails the job with the object's key and a remedy; another job may take the model's name")
    func missingShard() async throws {
        let shard = try #require(try FileSystem.names(inFolder: source).last { $0.hasSuffix(".safetensors") })
        try FileSystem.remove(source + "/" + shard)
        let job = try await run()
        #expect(job.state == .failed)
        #expect(job.failure?.contains("s3://bucket/job/\(shard)") == true, "\(job.failure ?? "")")
        #expect(job.failure?.contains("Download it") == true)
        #expect(!test.library.contains("model-job"))
    }

    @Test("a header that is damaged fails the job with its byte")
    func damagedHeader() async throws {
        let shard = try #require(try FileSystem.names(inFolder: source).first { $0.hasSuffix(".safetensors") })
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: source + "/" + shard))
        try file.seek(toOffset: 8)
        try file.write(contentsOf: Data([0xFF, 0xFE] + Array(" not json".utf8)))
        try file.close()
        let job = try await run()
        #expect(job.state == .failed)
        #expect(job.failure?.contains("\(shard) at byte 8") == true, "\(job.failure ?? "")")
    }

    @Test("what Amazon Bedrock refuses is mended and told, or refused if that is wanted", arguments: [true, false])
    func strictness(_ isStrict: Bool) async throws {
        try index { $0["metadata"] = ["total_size": 1, "total_parameters": 21_000_000_000] }
        let job = try await run(isStrict: isStrict)
        #expect(job.state == (isStrict ? .failed : .completed))
        let text = isStrict ? job.failure : job.findings
        #expect(text?.contains("total_parameters") == true, "\(text ?? "")")
        #expect(text?.contains("s3://bucket/job/model.safetensors.index.json") == true, "\(text ?? "")")
    }

    @Test("a job without its tokenizer uses the published one, unless Amazon Bedrock's rules are wanted")
    func tokenizer() async throws {
        try FileSystem.remove(source + "/tokenizer.json")
        #expect(try await run("a").state == .completed)
        let strict = try await run("b", isStrict: true)
        #expect(strict.failure?.contains("tokenizer") == true)
    }

    @Test("a role that may not read the source fails the job with what it lacks")
    func role() async throws {
        let roles = "{\"roles\": {\"arn:aws:iam::123456789012:role/Import\": {\"read\": [\"bucket/other/*\"]}}}"
        try AtomicFile.write(Array(roles.utf8), to: test.folder.join("roles.json"))
        let job = try await run()
        #expect(job.state == .failed)
        #expect(job.failure?.contains("s3:GetObject on arn:aws:s3:::bucket/job/*") == true, "\(job.failure ?? "")")
    }

    @Test("sources that are not there name the bucket or the prefix")
    func missingSource() async throws {
        let store = try await upload("job")
        var request = test.request("a")
        request.source = "s3://no-such-bucket/p/"
        _ = try await test.queue.create(request)
        request = test.request("b")
        request.source = "s3://bucket/no/such/prefix"
        _ = try await test.queue.create(request)
        try await test.running(work(store)) {
            let first = try await test.wait("a") { $0.state.isEnded }
            #expect(first.failure?.contains("S3 bucket 'no-such-bucket'") == true)
            let second = try await test.wait("b") { $0.state.isEnded }
            #expect(second.failure?.contains("s3://bucket/no/such/prefix/") == true)
        }
    }

    @Test("an object that is replaced before it was read fails the import; the others are read as they were")
    func replacement() async throws {
        let store = try await upload("job")
        let resolver = StoreSourceResolver(store: store, logger: Logger(label: "test"))
        let found = try await resolver.source(
            for: S3URI("s3://bucket/job"), role: Role(arn: "arn", readable: nil)
        ).files
        let opened = try found.open("config.json")
        _ = try await upload("job")
        // Files that nobody names are removed in their own time.
        for _ in 0..<200 where (try? found.open("config.json")) != nil { try await Task.sleep(for: .milliseconds(10)) }
        let error = #expect(throws: FileError.self) { try found.open("config.json") }
        #expect(error?.description.contains("s3://bucket/job/config.json") == true)
        #expect(error?.description.contains("replaced") == true)
        var bytes: [UInt8] = []
        try opened.read(at: 0, count: opened.byteCount, into: &bytes)
        #expect(bytes == [UInt8](try Data(contentsOf: URL(fileURLWithPath: source + "/config.json"))))
    }

    @Test("a failed job that is mended and retried completes")
    func retry() async throws {
        try FileSystem.rename(source + "/config.json", to: test.folder.join("config.json"))
        #expect(try await run().failure?.contains("config.json") == true)
        try FileSystem.rename(test.folder.join("config.json"), to: source + "/config.json")
        let store = try await upload("job", ["config.json"])
        _ = try await test.queue.retry("job")
        let state = try await test.running(work(store)) { try await test.end(of: "job") }
        #expect(state == .completed)
    }
}

@Suite struct ImportFailureTests {
    @Test("a message is cut between characters", arguments: [1, 2, 3, 5, 8, 2048])
    func cut(_ limit: Int) {
        for text in ["", "abc", String(repeating: "äöü€😀", count: 700)] {
            let cut = ImportFailure.cut(text, to: max(limit, 3))
            #expect(cut.utf8.count <= max(limit, 3))
            #expect(text.hasPrefix(cut.hasSuffix("…") ? String(cut.dropLast()) : cut))
            if text.utf8.count <= max(limit, 3) { #expect(cut == text) }
        }
    }

    @Test("a message with more findings than it can hold has one of each kind and says how many are left out")
    func manyFindings() {
        var findings = (0..<100).map {
            Finding(
                .tensorMissing, path: "s3://bucket/x/model.safetensors", tensor: "t\($0)", "it is missing",
                remedy: "Get it")
        }
        findings.append(Finding(.configurationMissing, path: "s3://bucket/x/", "no configuration", remedy: "Upload it"))
        let failure = ImportFailure(CheckpointError.unusable(path: "s3://bucket/x/", findings: findings))
        #expect(failure.message.utf8.count <= 2048)
        #expect(failure.message.contains("no configuration"))
        let told = failure.message.split(separator: "\n").count - 2
        #expect(failure.message.contains("and \(101 - told) more"), "\(failure.message)")
        #expect(failure.findings?.split(separator: "\n").count == 101)
    }
}
