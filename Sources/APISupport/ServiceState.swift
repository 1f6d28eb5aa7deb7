import Synchronization

/// Whether the server takes requests, and how many are in progress.
public final class ServiceState: Sendable {
    private struct State {
        var isDraining = false
        var requestsInProgress = 0
        var drained: [AsyncStream<Never>.Continuation] = []
    }

    private let state = Mutex(State())

    /// Taking requests, none in progress.
    public init() {}

    /// Whether the server is shutting down: requests in progress go on, new ones are refused.
    public var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Requests being answered.
    public var requestsInProgress: Int { state.withLock { $0.requestsInProgress } }

    /// Refuses new requests from now on.
    public func startDraining() { state.withLock { $0.isDraining = true } }

    /// Counts a request in; false, and not counted, if the server is draining.
    func enter() -> Bool {
        state.withLock { state in
            guard !state.isDraining else { return false }
            state.requestsInProgress += 1
            return true
        }
    }

    /// Counts a request out.
    func leave() {
        let waiting = state.withLock { state -> [AsyncStream<Never>.Continuation] in
            state.requestsInProgress -= 1
            guard state.requestsInProgress == 0 else { return [] }
            defer { state.drained = [] }
            return state.drained
        }
        for continuation in waiting { continuation.finish() }
    }

    /// Returns when no request is in progress, or when the task is cancelled.
    public func waitUntilIdle() async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        let isBusy = state.withLock { state in
            guard state.requestsInProgress > 0 else { return false }
            state.drained.append(continuation)
            return true
        }
        guard isBusy else { return }
        for await _ in stream {}
    }
}
