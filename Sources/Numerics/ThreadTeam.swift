import CKernels
import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A few threads that run the same closure at the same time and meet at its end.
///
/// The caller of `run` takes part as thread 0. Workers spin briefly between two runs, since the engine has a dozen of them
/// per layer, and sleep when nothing comes.
public final class ThreadTeam {
    /// Threads that take part, the caller included.
    public let count: Int
    private let rally: Rally

    /// Starts threads 1..<count, each of which calls `prepare` with its number first (and `finish` before it ends).
    public init(
        count: Int, prepare: @escaping @Sendable (Int) -> Void = { _ in }, finish: @escaping @Sendable () -> Void = {}
    ) {
        precondition(count >= 1, "a team has at least one thread")
        self.count = count
        let rally = Rally(workers: count - 1)
        self.rally = rally
        for index in 0..<count - 1 {
            startThread {
                prepare(index + 1)
                rally.work(as: index)
                finish()
                rally.ended.signal()
            }
        }
    }

    deinit {
        rally.stop()
        for _ in 1..<count { rally.ended.wait() }
    }

    /// Runs `body(thread)` for every thread 0..<count and returns when all are done. Not reentrant.
    public func run(_ body: (Int) -> Void) {
        guard count > 1 else { return body(0) }
        withoutActuallyEscaping(body) { rally.run($0) }
    }

    /// Runs `body` over contiguous shares of 0..<total, each a multiple of `unit` long but the last.
    public func split(_ total: Int, unit: Int = 1, _ body: (Int, Range<Int>) -> Void) {
        let units = (total + unit - 1) / unit
        run { thread in
            let begin = min(units * thread / count * unit, total)
            let end = min(units * (thread + 1) / count * unit, total)
            if begin < end { body(thread, begin..<end) }
        }
    }
}

/// What a team's threads share: the job, and who has done it.
private final class Rally: @unchecked Sendable {
    /// Safe: written by the caller of `run` before it publishes a new generation and cleared after every worker is done.
    private var job: ((Int) -> Void)?
    private let generation = Atomic<Int>(0)
    private let remaining = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    private let isCallerSleeping = Atomic<Bool>(false)
    private let done = DispatchSemaphore(value: 0)
    private let workers: [Worker]
    /// Signalled by each worker as it ends.
    let ended = DispatchSemaphore(value: 0)

    /// About 30 microseconds: longer than the gap between two phases of a layer, shorter than a scheduler's tick.
    private static let spins = 2_000

    private final class Worker: Sendable {
        let sleeping = Atomic<Bool>(false)
        let wake = DispatchSemaphore(value: 0)
    }

    init(workers count: Int) {
        workers = (0..<count).map { _ in Worker() }
    }

    /// Publishes a job, takes part in it and waits for the others.
    func run(_ body: @escaping (Int) -> Void) {
        job = body
        remaining.store(workers.count, ordering: .relaxed)
        publish()
        body(0)
        awaitWorkers()
        job = nil
    }

    private func awaitWorkers() {
        for _ in 0..<Rally.spins {
            if remaining.load(ordering: .acquiring) == 0 { return }
            ck_spin_hint()
        }
        // Again and again: a worker that was held up behind its last subtraction may wake the caller of a later run.
        while remaining.load(ordering: .sequentiallyConsistent) != 0 {
            isCallerSleeping.store(true, ordering: .sequentiallyConsistent)
            // As in `awaitJob`: whoever clears the flag decides who must wake.
            if remaining.load(ordering: .sequentiallyConsistent) == 0,
                isCallerSleeping.exchange(false, ordering: .sequentiallyConsistent)
            {
                return
            }
            done.wait()
        }
    }

    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        publish()
    }

    private func publish() {
        generation.add(1, ordering: .sequentiallyConsistent)
        for worker in workers where worker.sleeping.exchange(false, ordering: .sequentiallyConsistent) {
            worker.wake.signal()
        }
    }

    /// A worker's life: every job once, until `stop`.
    func work(as index: Int) {
        var seen = 0
        while true {
            awaitJob(after: seen, workers[index])
            seen += 1
            if stopping.load(ordering: .acquiring) { return }
            runJob(index + 1)
            let left = remaining.subtract(1, ordering: .sequentiallyConsistent).newValue
            if left == 0, isCallerSleeping.exchange(false, ordering: .sequentiallyConsistent) { done.signal() }
        }
    }

    private func awaitJob(after seen: Int, _ worker: Worker) {
        for _ in 0..<Rally.spins {
            if generation.load(ordering: .acquiring) != seen { return }
            ck_spin_hint()
        }
        // Again and again: a caller that was held up inside `publish` may wake a worker that has already done that job.
        while generation.load(ordering: .sequentiallyConsistent) == seen {
            worker.sleeping.store(true, ordering: .sequentiallyConsistent)
            // The generation may have changed before the flag was seen: whoever clears the flag decides who must wake.
            if generation.load(ordering: .sequentiallyConsistent) != seen,
                worker.sleeping.exchange(false, ordering: .sequentiallyConsistent)
            {
                return
            }
            worker.wake.wait()
        }
    }

    /// Calls the job. In a frame of its own, so that the reference to the closure is released before the worker reports:
    /// the caller's `withoutActuallyEscaping` ends as soon as everyone has, and checks that nobody holds it.
    @inline(never)
    private func runJob(_ thread: Int) {
        job?(thread)
    }
}

/// Starts a thread that runs `body`; the thread ends with it.
public func startThread(stackByteCount: Int = 1 << 20, _ body: @escaping () -> Void) {
    final class Box {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }
    let box = unsafe Unmanaged.passRetained(Box(body))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setstacksize(&attributes, stackByteCount)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument = unsafe argument else { return nil }
            let box = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
            box.body()
            return nil
        }, box.toOpaque())
    unsafe pthread_attr_destroy(&attributes)
    precondition(status == 0, "the system refused a thread (error \(status))")
}
