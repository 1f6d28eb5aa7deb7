import Synchronization

/// Keeps objects alive until a request's answer is written, or has failed to be.
public final class RequestScope: Sendable {
    private let held = Mutex<[any AnyObject & Sendable]>([])
    private let known = Mutex<Caller?>(nil)

    /// Holding nothing.
    public init() {}

    /// Keeps an object until the answer is written.
    public func hold(_ object: any AnyObject & Sendable) { held.withLock { $0.append(object) } }

    /// Takes note of who asks.
    func note(_ caller: Caller) { known.withLock { $0 = caller } }

    /// Who asks; nil until that is known.
    var caller: Caller? { known.withLock { $0 } }
}
