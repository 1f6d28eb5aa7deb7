import Synchronization

/// How many of something there are at once, and were at most.
final class Gauge: Sendable {
    private let state = Mutex((now: 0, most: 0))

    var now: Int { state.withLock { $0.now } }
    var most: Int { state.withLock { $0.most } }

    func enter() {
        state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
    }

    func leave() {
        state.withLock { $0.now -= 1 }
    }
}

/// A clock that a test sets.
final class TestClock: Sendable {
    private let seconds = Mutex(0)

    var now: Int { seconds.withLock { $0 } }

    func set(_ now: Int) {
        seconds.withLock { $0 = now }
    }
}
