import Synchronization

/// Adds up bytes from several threads and reports them in order.
final class ByteCounter: Sendable {
    private let done = Mutex(0)
    private let total: Int
    private let report: @Sendable (Int, Int) -> Void

    init(total: Int, report: @escaping @Sendable (Int, Int) -> Void) {
        self.total = total
        self.report = report
    }

    func add(_ count: Int) {
        done.withLock { done in
            done += count
            report(done, total)
        }
    }
}
