import Synchronization
import Testing

@testable import S3Client

@Suite("Request slots", .timeLimit(.minutes(1)))
struct RequestSlotsTests {
    @Test("No more hold a slot than there are, and all get one", arguments: [1, 3, 8])
    func bounded(_ count: Int) async throws {
        let slots = RequestSlots(count)
        let held = Mutex((now: 0, most: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try await slots.take()
                    held.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                    await Task.yield()
                    held.withLock { $0.now -= 1 }
                    slots.release()
                }
            }
            try await group.waitForAll()
        }
        let (now, most) = held.withLock { $0 }
        #expect(now == 0)
        #expect((1...count).contains(most))
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
