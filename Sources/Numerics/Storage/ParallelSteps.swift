import Dispatch
import Synchronization

/// Runs numbered steps on several threads of its own: for work of milliseconds and more per step that blocks on files,
/// which neither the cooperative pool nor the engine's thread team is for.
public enum ParallelSteps {
    private struct State<Failure: Error> {
        var next = 0
        var failure: Failure?
    }

    private final class Shared<Failure: Error>: Sendable {
        let state = Mutex(State<Failure>())
    }

    /// Runs steps 0..<count, each once, in about this order; the calling thread takes part. The first failure stops the
    /// steps that have not begun.
    /// - Parameters:
    ///   - threads: at least 1.
    ///   - makeWorker: makes what a thread keeps from step to step, such as buffers.
    ///   - step: does one step.
    /// - Throws: the first failure.
    public static func run<Worker, Failure: Error>(
        count: Int, threads: Int, makeWorker: @escaping @Sendable () -> Worker,
        step: @escaping @Sendable (inout Worker, Int) throws(Failure) -> Void
    ) throws(Failure) {
        let shared = Shared<Failure>()
        let ended = DispatchSemaphore(value: 0)
        let helpers = max(min(threads, count), 1) - 1
        for _ in 0..<helpers {
            startThread {
                work(shared, count, makeWorker, step)
                ended.signal()
            }
        }
        work(shared, count, makeWorker, step)
        for _ in 0..<helpers { ended.wait() }
        if let failure = shared.state.withLock({ $0.failure }) { throw failure }
    }

    private static func work<Worker, Failure: Error>(
        _ shared: Shared<Failure>, _ count: Int, _ makeWorker: @Sendable () -> Worker,
        _ step: @Sendable (inout Worker, Int) throws(Failure) -> Void
    ) {
        var worker = makeWorker()
        while let index = take(shared, count) {
            do throws(Failure) {
                try step(&worker, index)
            } catch {
                shared.state.withLock { $0.failure = $0.failure ?? error }
            }
        }
    }

    private static func take<Failure: Error>(_ shared: Shared<Failure>, _ count: Int) -> Int? {
        shared.state.withLock { state in
            guard state.failure == nil, state.next < count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }
}
