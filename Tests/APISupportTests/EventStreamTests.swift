import Synchronization
import TestSupport
import Testing

@testable import APISupport

@Suite(.timeLimit(.minutes(1))) struct EventStreamTests {
    private struct Failure: Error {}

    @Test("events of several sources arrive, each source's in order")
    func merges() async throws {
        let sources: [EventStream<Int>.Source] = (0..<3).map { _ in
            { emit in
                for number in 0..<50 {
                    emit(number)
                    await Task.yield()
                }
            }
        }
        var seen: [[Int]] = [[], [], []]
        try await EventStream(sources, connection: ClientConnection()).forEach { item in
            if case .event(let number, let source) = item { seen[source].append(number) }
        }
        #expect(seen == Array(repeating: Array(0..<50), count: 3))
    }

    @Test("one source's failure ends all")
    func failure() async throws {
        let stream = EventStream<Int>(
            [{ _ in throw Failure() }, { _ in try await Task.sleep(for: .seconds(600)) }],
            connection: ClientConnection())
        await #expect(throws: Failure.self) { try await stream.forEach { _ in } }
    }

    @Test("the reader's failure cancels the sources")
    func readerFails() async throws {
        let stream = EventStream<Int>(
            [
                { emit in
                    emit(1)
                    try await Task.sleep(for: .seconds(600))
                }
            ], connection: ClientConnection())
        await #expect(throws: Failure.self) { try await stream.forEach { _ in throw Failure() } }
    }

    @Test("the client's leaving ends it, also if it has left before")
    func clientGone() async throws {
        let connection = ClientConnection()
        let stream = EventStream<Int>(
            [{ _ in try await Task.sleep(for: .seconds(600)) }], connection: connection)
        let reader = Task { try await stream.forEach { _ in } }
        try await Task.sleep(for: .milliseconds(20))
        connection.close()
        await #expect(throws: ClientGone.self) { try await reader.value }
        await #expect(throws: ClientGone.self) { try await stream.forEach { _ in } }
    }

    @Test("silence is reported, activity is not")
    func silence() async throws {
        let silences = Counter()
        let longestPause = Mutex(Duration.zero)
        let stream = EventStream<Int>(
            [
                { emit in
                    for _ in 0..<20 {
                        let start = ContinuousClock.now
                        emit(1)
                        try await Task.sleep(for: .milliseconds(5))
                        longestPause.withLock { $0 = max($0, ContinuousClock.now - start) }
                    }
                    let before = silences.value
                    while silences.value < before + 2 { try await Task.sleep(for: .milliseconds(5)) }
                    emit(2)
                }
            ], connection: ClientConnection(), silence: .milliseconds(100))
        let start = ContinuousClock.now
        var silencesInActivity = 0
        var last = 0
        try await stream.forEach { item in
            switch item {
            case .event(let number, _):
                last = number
                if number == 1 { silencesInActivity = silences.value }
            case .silence: silences.add()
            }
        }
        #expect(last == 2)
        // Reports are half of `silence` apart at least.
        #expect(silences.value >= 2 && Double(silences.value) <= (ContinuousClock.now - start) / .milliseconds(50))
        // A busy machine may hold the source up; then what it makes is silence.
        #expect(silencesInActivity == 0 || longestPause.withLock { $0 } > .milliseconds(50))
    }

    @Test("a drained service tells who waits")
    func draining() async throws {
        let state = ServiceState()
        await state.waitUntilIdle()
        var ticket = RequestTicket(state)
        #expect(ticket != nil && state.requestsInProgress == 1)
        state.startDraining()
        #expect(RequestTicket(state) == nil)
        let waiting = Task { await state.waitUntilIdle() }
        try await Task.sleep(for: .milliseconds(10))
        ticket = nil
        await waiting.value
        #expect(state.requestsInProgress == 0)
    }
}
