import ModelLibrary
import TestSupport
import Testing

@testable import ImportJobs

/// What a killed process leaves: records that say that a job runs, and a lock that nobody holds.
@Suite(.timeLimit(.minutes(2))) struct CrashTests {
    /// Starts a job and drops the process that works on it: nothing of its end is recorded.
    private func crash(_ test: TestQueue, _ name: String) async throws {
        let process = try test.reopened()
        let claimed = try #require(try await process.queue.claim(startLimit: 3))
        #expect(claimed.job.name == name)
    }

    @Test("a job whose process died runs again from its start")
    func again() async throws {
        let test = try TestQueue()
        try await test.create("job")
        try await crash(test, "job")
        #expect(try await test.queue.job("job")?.state == .validating)
        try await test.running(ScriptedWork(test)) {
            let job = try await test.wait("job") { $0.state.isEnded }
            #expect(job.state == .completed)
            #expect(job.starts == 2)
        }
    }

    @Test("a job whose process dies each time fails cleanly, and may be retried")
    func tooOften() async throws {
        let test = try TestQueue()
        try await test.create("job")
        for _ in 0..<3 { try await crash(test, "job") }
        let work = ScriptedWork(test)
        try await test.running(work) {
            let job = try await test.wait("job") { $0.state.isEnded }
            #expect(job.state == .failed)
            #expect(job.failure?.contains("started 3 times") == true)
            #expect(work.started.isEmpty)
            _ = try await test.queue.retry("job")
            let state = try await test.end(of: "job")
            #expect(state == .completed)
        }
    }

    @Test("a job whose process died after it had published the model is complete")
    func published() async throws {
        let test = try TestQueue()
        let created = try await test.create("job", model: "m")
        try await crash(test, "job")
        try test.publish("m", id: created.modelID)
        // Even before a server starts, the model is known as the job's.
        #expect(try await test.records.model("m")?.job?.id == created.id)
        let work = ScriptedWork(test)
        try await test.running(work) {
            let state = try await test.end(of: "job")
            #expect(state == .completed)
        }
        #expect(work.started.isEmpty)
    }

    @Test("a job whose process died is cancelled at once")
    func cancel() async throws {
        let test = try TestQueue()
        try await test.create("job")
        try await crash(test, "job")
        #expect(try await test.queue.cancel("job").state == .cancelled)
    }
}
