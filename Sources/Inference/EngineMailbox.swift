import Dispatch
import Generation
import Synchronization

/// How requests reach the engine's thread: senders never wait, the engine sleeps when there is nothing.
final class EngineMailbox: Sendable {
    /// Where a request's events go.
    typealias Events = AsyncThrowingStream<GenerationEvent, any Error>.Continuation

    enum Message: Sendable {
        case start(number: Int, GenerationRequest, Events)
        case cancel(number: Int)
    }

    private struct State {
        var messages: [Message] = []
        var nextNumber = 0
        var isClosed = false
        /// Requests sent and not yet ended, whether the engine has seen them or not.
        var open: Set<Int> = []
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    /// The most requests open at once, further sequences of admitted ones not counted.
    let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// Queues a request.
    func send(_ request: GenerationRequest, _ events: Events) throws(GenerationError) -> Int {
        let result: Result<Int, GenerationError> = state.withLock { state in
            if state.isClosed { return .failure(.shuttingDown) }
            // Somebody who waits behind so many others is better told to come back.
            guard request.isAdmitted || state.open.count < capacity else {
                return .failure(.overloaded(retryAfterSeconds: 5))
            }
            let number = state.nextNumber
            state.nextNumber += 1
            state.open.insert(number)
            state.messages.append(.start(number: number, request, events))
            return .success(number)
        }
        let number = try result.get()
        wake.signal()
        return number
    }

    /// Asks the engine to drop a request; does nothing if it has ended.
    func cancel(_ number: Int) {
        let isOpen = state.withLock { state in
            guard state.open.contains(number) else { return false }
            state.messages.append(.cancel(number: number))
            return true
        }
        if isOpen { wake.signal() }
    }

    /// The engine's word that a request has ended.
    func end(_ number: Int) {
        _ = state.withLock { $0.open.remove(number) }
    }

    /// Refuses requests from now on and makes the engine's loop end.
    func close() {
        state.withLock { $0.isClosed = true }
        wake.signal()
    }

    /// Takes everything that has come; waits first if `waiting` and there is nothing.
    /// - Returns: the messages, and whether the mailbox is closed.
    func take(waiting: Bool) -> (messages: [Message], isClosed: Bool) {
        while true {
            let taken = state.withLock { state in
                defer { state.messages.removeAll() }
                return (state.messages, state.isClosed)
            }
            if !waiting || !taken.0.isEmpty || taken.1 { return taken }
            wake.wait()
        }
    }
}
