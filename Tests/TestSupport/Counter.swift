import Synchronization

/// A number that tests count with from any thread.
public final class Counter: Sendable {
    private let count = Mutex(0)

    /// Starts at zero.
    public init() {}

    /// The number now.
    public var value: Int { count.withLock { $0 } }

    /// Adds to it.
    public func add(_ amount: Int = 1) { count.withLock { $0 += amount } }
}
