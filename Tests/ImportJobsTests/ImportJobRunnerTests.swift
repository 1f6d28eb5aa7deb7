import Checkpoint
import ImportJobs
import ModelImport
import ModelLibrary
import OutcropNumerics
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ImportJobRunnerTests {
    @Test("a job becomes a model with the job's id for it, key and tags")
    func completes() async throws {
        let test = try TestQueue()
        var request = test.request("job", model: "model")
        request.kmsKey = "arn:aws:kms:us-east-1:123456789012:key/x"
        request.modelTags = [Tag(key: "k", value: "v")]
        let created = try await test.queue.create(request)
        let job = try await test.running(ScriptedWork(test)) { try await test.wait("job") { $0.state.isEnded } }
        #expect(job.state == .completed)
        #expect(job.failure == nil)
        #expect(try #require(job.ended) >= created.created)
        let model = try #require(try await test.records.model("model"))
        #expect(model.id == job.modelID)
        #expect(model.job?.id == job.id && model.job?.name == "job")
        #expect(model.job?.kmsKey == request.kmsKey)
        #expect(try await test.records.tags(of: .model(model.id)) == request.modelTags)
    }

    @Test("no more jobs run at a time than allowed, the oldest first", arguments: [1, 3])
    func parallelism(_ parallelism: Int) async throws {
        let test = try TestQueue()
        for index in 0..<6 {
            try await test.create("job-\(index)")
            try await Task.sleep(for: .milliseconds(2))
        }
        let begun = Counter()
        let work = ScriptedWork(test) { _, _ in
            begun.add()
            // The first ones wait for each other, so that as many run at once as may.
            while begun.value < parallelism { try await Task.sleep(for: .milliseconds(2)) }
            try await Task.sleep(for: .milliseconds(20))
        }
        try await test.running(work, parallelism: parallelism) {
            for index in 0..<6 {
                let state = try await test.end(of: "job-\(index)")
                #expect(state == .completed)
            }
        }
        #expect(work.mostRunning == parallelism)
        #expect(Array(work.started.prefix(parallelism)).sorted() == (0..<parallelism).map { "job-\($0)" })
        if parallelism == 1 { #expect(work.started == (0..<6).map { "job-\($0)" }) }
    }

    @Test("a failure is told, its model's name is free, and a retry may succeed")
    func failure() async throws {
        let test = try TestQueue()
        let job = try await test.create("job", model: "m")
        let attempts = Counter()
        let work = ScriptedWork(test) { _, _ in
            attempts.add()
            if attempts.value == 1 { throw ImportSourceError.noSuchBucket("bucket") }
        }
        try await test.running(work) {
            let failed = try await test.wait("job") { $0.state.isEnded }
            #expect(failed.state == .failed)
            #expect(failed.failure?.contains("bucket 'bucket'") == true)
            #expect(failed.ended != nil)
            #expect(try await test.queue.retry(job.id).id == job.id)
            let state = try await test.end(of: "job")
            #expect(state == .completed)
            await #expect(throws: ImportJobError.wrongState(job: "job", state: .completed, operation: "tried again")) {
                try await test.queue.retry("job")
            }
        }
        #expect(attempts.value == 2)
    }

    @Test("progress is there for other processes to see")
    func progress() async throws {
        let test = try TestQueue()
        let other = try test.reopened()
        try await test.create("job")
        let work = ScriptedWork(test) { _, progress in
            for done in 0..<100_000 {
                progress(ImportProgress(phase: .converting, bytesDone: done, bytesTotal: 100_000))
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        try await test.running(work) {
            let job = try await other.wait("job") { $0.progress.secondsRemaining != nil }
            #expect(job.state == .converting)
            #expect(job.progress.bytesTotal == 100_000)
            #expect(job.progress.bytesDone > 0)
            #expect(job.progress.bytesPerSecond ?? 0 > 0)
            #expect(job.modified > job.created)
        }
    }

    @Test("another process cancels a running job")
    func cancel() async throws {
        let test = try TestQueue()
        try await test.create("job")
        let other = try test.reopened()
        try await test.running(ScriptedWork(test, endless)) {
            _ = try await other.wait("job") { $0.state.isRunning }
            #expect(try await other.queue.cancel("job").isCancelRequested)
            let job = try await other.wait("job") { $0.state.isEnded }
            #expect(job.state == .cancelled)
            #expect(job.failure?.contains("cancelled") == true)
        }
    }

    @Test("a server that stops leaves its jobs to the next one, as often as it likes")
    func restart() async throws {
        let test = try TestQueue()
        try await test.create("job")
        for _ in 0..<5 {
            try await test.running(ScriptedWork(test, endless)) {
                _ = try await test.wait("job") { $0.state.isRunning }
            }
            let job = try #require(try await test.queue.job("job"))
            #expect(job.state == .queued)
            #expect(job.starts == 0)
        }
        let next = try test.reopened()
        try await next.running(ScriptedWork(next)) {
            let state = try await next.end(of: "job")
            #expect(state == .completed)
        }
    }

    @Test("two servers on one data folder do each job once")
    func twoServers() async throws {
        let test = try TestQueue()
        let other = try test.reopened()
        for index in 0..<12 { try await test.create("job-\(index)") }
        let script: @Sendable (ImportJob, @Sendable (ImportProgress) -> Void) async throws -> Void = { _, _ in
            try await Task.sleep(for: .milliseconds(10))
        }
        let (mine, others) = (ScriptedWork(test, script), ScriptedWork(other, script))
        try await test.running(mine) {
            try await other.running(others) {
                for index in 0..<12 {
                    let state = try await test.end(of: "job-\(index)")
                    #expect(state == .completed)
                }
            }
        }
        #expect((mine.started + others.started).sorted() == (0..<12).map { "job-\($0)" }.sorted())
        #expect(!mine.started.isEmpty && !others.started.isEmpty)
    }
}
