import Logging
import ModelImport
import ModelLibrary
import ServiceLifecycle
import Synchronization

/// How jobs are run.
public struct ImportJobSettings: Sendable {
    /// The most jobs at a time.
    public var parallelism = 1
    /// How long a new job, or a wish to cancel one, may go unnoticed.
    public var pollInterval = Duration.milliseconds(250)
    /// How often progress is recorded.
    public var progressInterval = Duration.seconds(1)
    /// How often progress is logged.
    public var logInterval = Duration.seconds(15)
    /// How often a job is started whose process dies.
    public var startLimit = 3

    /// One job at a time.
    public init() {}
}

/// Does the jobs of a queue, the oldest first, until it is told to stop. Jobs that run then are queued again, and start from
/// their beginning next time; so do those of a process that died.
public struct ImportJobRunner: Service {
    private let queue: ImportJobQueue
    private let work: any ImportWork
    private let settings: ImportJobSettings
    private let logger: Logger

    /// A runner of a queue's jobs.
    public init(
        _ queue: ImportJobQueue, work: any ImportWork, settings: ImportJobSettings = ImportJobSettings(), logger: Logger
    ) {
        self.queue = queue
        self.work = work
        self.settings = settings
        self.logger = logger
    }

    /// Runs jobs until the server stops or the task is cancelled; returns when none runs any more.
    public func run() async {
        let running = RunningCount()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                while !Task.isCancelled {
                    while running.value < settings.parallelism, let claimed = await claim() {
                        running.add(1)
                        group.addTask {
                            await run(claimed)
                            running.add(-1)
                        }
                    }
                    try? await Task.sleep(for: settings.pollInterval)
                }
            }
        }
    }

    private func claim() async -> ClaimedJob? {
        do {
            return try await queue.claim(startLimit: settings.startLimit)
        } catch is CancellationError {
            return nil
        } catch {
            // A full disk, for instance: it may not be full for ever.
            logger.error("cannot take on import jobs", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func run(_ claimed: ClaimedJob) async {
        let job = claimed.job
        var logger = logger
        logger[metadataKey: "job"] = "\(job.name)"
        logger.info(
            "import started", metadata: ["model": "\(job.modelName)", "source": "\(job.source)", "role": "\(job.role)"])
        let watch = ImportJobWatch(claimed: claimed, queue: queue, settings: settings, logger: logger)
        let outcome = await watch.outcome { progress in try await work.run(job, progress: progress) }
        log(outcome, logger)
        while true {
            do {
                return try await queue.end(claimed, outcome)
            } catch {
                logger.error("cannot record an import's end", metadata: ["error": "\(error)"])
                // When the process stops instead, the next one finds the job as unfinished as its record says.
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
            }
        }
    }

    private func log(_ outcome: ImportJobOutcome, _ logger: Logger) {
        switch outcome {
        case .completed: logger.info("import completed")
        case .failed(let message, _): logger.warning("import failed", metadata: ["reason": "\(message)"])
        case .cancelled: logger.info("import cancelled")
        case .interrupted: logger.info("import interrupted; it starts anew with the server")
        }
    }
}

/// How many jobs run.
private final class RunningCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add(_ change: Int) { count.add(change, ordering: .relaxed) }
}
