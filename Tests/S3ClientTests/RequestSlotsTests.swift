import Testing

@testable import S3Client

@Suite("Request slots", .timeLimit(.minutes(1)))
struct RequestSlotsTests {
    @Test("No more hold a slot than there are, and all get one", arguments: [1, 3, 8])
    func bounded(_ count: Int) async throws {
        let slots = RequestSlots(count)
        let held = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try await slots.take()
                    held.enter()
                    await Task.yield()
                    held.leave()
                    slots.release()
                }
            }
            try await group.waitForAll()
        }
        #expect(held.now == 0)
        #expect((1...count).contains(held.most))
    }

    @Test("Who is cancelled while waiting takes no slot with it")
    func cancelled() async throws {
        let slots = RequestSlots(1)
        try await slots.take()
        let waiting = (0..<20).map { _ in Task { try await slots.take() } }
        for task in waiting { task.cancel() }
        for task in waiting { await #expect(throws: CancellationError.self) { try await task.value } }
        slots.release()
        try await slots.take()
    }
}
