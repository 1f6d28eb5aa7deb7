import Synchronization

/// At most so many requests at once; the others wait their turn in the order in which they came.
final class RequestSlots: Sendable {
    private struct Waiting {
        let id: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var free: Int
        var nextID: UInt64 = 0
        var waiting: [Waiting] = []
    }

    private let state: Mutex<State>

    /// - Parameter count: how many at once, at least 1.
    init(_ count: Int) { state = Mutex(State(free: max(count, 1))) }

    /// Takes a slot, after waiting for one. Give it back with `release`.
    /// - Throws: `CancellationError`; there is no slot to give back then.
    func take() async throws(CancellationError) {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        do {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { wait(Waiting(id: id, continuation: $0)) }
            } onCancel: {
                cancel(id)
            }
        } catch {
            throw CancellationError()
        }
    }

    /// Gives a slot back: to who waits longest, if anybody does.
    func release() {
        let next = state.withLock { state -> Waiting? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.continuation.resume()
    }

    private func wait(_ waiting: Waiting) {
        let outcome = state.withLock { state -> Result<Void, any Error>? in
            // The cancellation handler may have run before there was anything to cancel.
            if Task.isCancelled { return .failure(CancellationError()) }
            guard state.free == 0 else {
                state.free -= 1
                return .success(())
            }
            state.waiting.append(waiting)
            return nil
        }
        if let outcome { waiting.continuation.resume(with: outcome) }
    }

    private func cancel(_ id: UInt64) {
        let cancelled = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        cancelled?.continuation.resume(throwing: CancellationError())
    }
}
