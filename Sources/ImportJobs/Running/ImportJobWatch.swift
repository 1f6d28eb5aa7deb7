import Logging
import ModelImport
import Synchronization

/// Accompanies the work on one job: records and logs its progress, and ends it when somebody wants that.
struct ImportJobWatch: Sendable {
    let claimed: ClaimedJob
    let queue: ImportJobQueue
    let settings: ImportJobSettings
    let logger: Logger

    private enum Event: Sendable {
        case ended(Result<String?, any Error>)
        case cancelRequested
        case watchEnded
    }

    /// Does the work and says how it ended.
    func outcome(
        of work: @escaping @Sendable (@escaping @Sendable (ImportProgress) -> Void) async throws -> String?
    ) async -> ImportJobOutcome {
        let latest = LatestProgress()
        return await withTaskGroup(of: Event.self) { group in
            group.addTask {
                do {
                    return .ended(.success(try await work { latest.value = $0 }))
                } catch {
                    return .ended(.failure(error))
                }
            }
            group.addTask { await watch(latest) ? .cancelRequested : .watchEnded }
            var isCancelled = false
            for await event in group {
                switch event {
                case .ended(let result):
                    group.cancelAll()
                    return outcome(result, isCancelled: isCancelled)
                case .cancelRequested:
                    isCancelled = true
                    group.cancelAll()
                case .watchEnded: break
                }
            }
            return .interrupted
        }
    }

    private func outcome(_ result: Result<String?, any Error>, isCancelled: Bool) -> ImportJobOutcome {
        switch result {
        case .success(let findings): .completed(findings: findings)
        case .failure where isCancelled: .cancelled
        case .failure where Task.isCancelled: .interrupted
        case .failure(let error):
            .failed(message: ImportFailure(error).message, findings: ImportFailure(error).findings)
        }
    }

    /// Records and logs progress until the task is cancelled, or somebody wants the job to end.
    /// - Returns: whether somebody does.
    private func watch(_ latest: LatestProgress) async -> Bool {
        var meter = ProgressMeter()
        var (recorded, logged) = (ContinuousClock.now, ContinuousClock.now)
        while (try? await Task.sleep(for: settings.pollInterval)) != nil {
            do {
                if try await queue.isCancelRequested(claimed) { return true }
                guard ContinuousClock.now - recorded >= settings.progressInterval, let now = latest.value else {
                    continue
                }
                let progress = describe(now, &meter)
                recorded = .now
                if try await queue.record(progress, phase: now.phase.state, of: claimed) { return true }
                if ContinuousClock.now - logged >= settings.logInterval {
                    logged = .now
                    log(now, progress)
                }
            } catch is CancellationError {
                return false
            } catch {
                // The work goes on; what is recorded of it comes later.
                logger.warning("cannot record an import's progress", metadata: ["error": "\(error)"])
            }
        }
        return false
    }

    private func describe(_ now: ImportProgress, _ meter: inout ProgressMeter) -> ImportJob.Progress {
        var progress = ImportJob.Progress()
        progress.bytesDone = now.bytesDone
        progress.bytesTotal = now.bytesTotal
        if let pace = meter.update(now) {
            progress.bytesPerSecond = pace.bytesPerSecond
            progress.secondsRemaining = pace.remaining / .seconds(1)
        }
        return progress
    }

    private func log(_ now: ImportProgress, _ progress: ImportJob.Progress) {
        logger.info(
            "import \(now.phase.rawValue)",
            metadata: [
                "bytes": "\(now.bytesDone) of \(now.bytesTotal)",
                "seconds_left": "\(progress.secondsRemaining.map { "\(Int($0))" } ?? "unknown")",
            ])
    }
}

/// What the work reported last.
private final class LatestProgress: Sendable {
    private let progress = Mutex<ImportProgress?>(nil)

    var value: ImportProgress? {
        get { progress.withLock { $0 } }
        set { progress.withLock { $0 = newValue } }
    }
}

extension ImportProgress.Phase {
    /// The state of a job whose work is in this phase.
    var state: ImportJobState {
        switch self {
        case .validating, .importingBase: .validating
        case .converting: .converting
        case .flushing, .comparing, .publishing: .publishing
        }
    }
}
