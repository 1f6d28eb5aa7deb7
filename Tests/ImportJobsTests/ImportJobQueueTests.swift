import ImportJobs
import ModelLibrary
import TestSupport
import Testing

@Suite struct ImportJobQueueTests {
    @Test("a job is found by name and id with everything that was asked for")
    func create() async throws {
        let test = try TestQueue()
        var request = test.request("job-1", model: "model-1")
        request.kmsKey = "arn:aws:kms:us-east-1:123456789012:key/x"
        request.network = NetworkConfiguration(subnets: ["subnet-1", "subnet-2"], securityGroups: ["sg-1"])
        request.jobTags = [Tag(key: "a", value: "1")]
        request.modelTags = [Tag(key: "b", value: "2")]
        let job = try await test.queue.create(request)
        #expect(job.state == .queued)
        #expect(job.modelName == "model-1")
        #expect(job.network == request.network)
        #expect(job.kmsKey == request.kmsKey)
        #expect(job.source == "s3://bucket/job-1/")
        #expect(ModelIdentifier.isValid(job.id))
        #expect(try await test.reopened().queue.job("job-1") == job)
        #expect(try await test.queue.job(job.id) == job)
        #expect(try await test.queue.job("nobody") == nil)
        #expect(try await test.records.tags(of: .job(job.id)) == request.jobTags)
        await #expect(throws: TagError.unknownResource) { try await test.records.tags(of: .model(job.modelID)) }
        try test.publish("model-1", id: job.modelID)
        #expect(try await test.records.tags(of: .model(job.modelID)) == request.modelTags)
    }

    @Test("a request with the token of an earlier one is that one, whatever else it says")
    func tokens() async throws {
        let test = try TestQueue()
        var request = test.request("job-1")
        request.requestToken = "token"
        let job = try await test.queue.create(request)
        request.name = "job-2"
        request.modelName = "other"
        #expect(try await test.queue.create(request).id == job.id)
        _ = try await test.queue.cancel("job-1")
        #expect(try await test.reopened().queue.create(request).id == job.id)
        #expect(try await test.queue.jobs().elements.count == 1)
    }

    @Test("of many requests with one token at the same time one becomes a job")
    func concurrentTokens() async throws {
        let test = try TestQueue()
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<8 {
                group.addTask {
                    let process = try test.reopened()
                    var request = process.request("job-\(index)")
                    request.requestToken = "token"
                    return try await process.queue.create(request).id
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(try await test.queue.jobs().elements.count == 1)
    }

    @Test("names of jobs are taken for ever, names of models while somebody has or makes them")
    func conflicts() async throws {
        let test = try TestQueue()
        let job = try await test.create("job-1", model: "m")
        await #expect(throws: ImportJobError.nameTaken("job-1")) { try await test.create("job-1", model: "other") }
        await #expect(throws: ImportJobError.modelNameHeld("m", job: "job-1")) {
            try await test.create("job-2", model: "m")
        }
        _ = try await test.queue.cancel("job-1")
        await #expect(throws: ImportJobError.nameTaken("job-1")) { try await test.create("job-1", model: "other") }
        let second = try await test.create("job-2", model: "m")
        #expect(second.modelID != job.modelID)
        // The first one cannot come back while the second has the name.
        await #expect(throws: ImportJobError.modelNameHeld("m", job: "job-2")) { try await test.queue.retry("job-1") }
        try test.publish("n", id: ModelIdentifier.random())
        await #expect(throws: ImportJobError.modelNameTaken("n")) { try await test.create("job-3", model: "n") }
        try test.library.remove(named: "n")
        try await test.create("job-3", model: "n")
    }

    @Test("a full queue refuses more")
    func limit() async throws {
        let test = try TestQueue(limit: 2)
        try await test.create("a")
        try await test.create("b")
        await #expect(throws: ImportJobError.queueFull(limit: 2)) { try await test.create("c") }
        _ = try await test.queue.cancel("a")
        try await test.create("c")
    }

    @Test("a job that waits is cancelled at once, an ended one not at all")
    func cancel() async throws {
        let test = try TestQueue()
        try await test.create("a")
        let job = try await test.queue.cancel("a")
        #expect(job.state == .cancelled)
        #expect(job.ended != nil)
        #expect(job.failure?.isEmpty == false)
        await #expect(throws: ImportJobError.wrongState(job: "a", state: .cancelled, operation: "cancelled")) {
            try await test.queue.cancel("a")
        }
        await #expect(throws: ImportJobError.unknownJob("b")) { try await test.queue.cancel("b") }
        let again = try await test.queue.retry("a")
        #expect(again.state == .queued)
        #expect(again.id == job.id)
        #expect(again.failure == nil && again.ended == nil && !again.isCancelRequested)
    }

    @Test("the list has states, filters and pages")
    func list() async throws {
        let test = try TestQueue()
        for name in ["x1", "x2", "y1"] { try await test.create(name) }
        _ = try await test.queue.cancel("x2")
        #expect(try await test.queue.jobs(states: [.queued]).elements.map(\.name).sorted() == ["x1", "y1"])
        #expect(try await test.queue.jobs(states: [.failed, .cancelled]).elements.map(\.name) == ["x2"])
        #expect(try await test.queue.jobs(states: []).elements.isEmpty)
        var query = RecordQuery()
        query.nameContains = "x"
        query.limit = 1
        let first = try await test.queue.jobs(query)
        query.start = first.next
        #expect(query.start != nil)
        let second = try await test.queue.jobs(query)
        #expect(second.next == nil)
        #expect(Set((first.elements + second.elements).map(\.name)) == ["x1", "x2"])
    }
}
