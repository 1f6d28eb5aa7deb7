import Dispatch
import Foundation
import GRDB
import Synchronization

/// Counts the requests of a server into a data folder's `usage.sqlite`.
///
/// Recording never waits for the disk: requests are added up in memory and written together after two seconds, on a thread of the
/// recorder's own. A process that is killed loses those seconds, nothing more; one that ends flushes them.
public final class UsageRecorder: Sendable {
    private struct State {
        var batch = UsageBatch()
        var isScheduled = false
    }

    private let pool: DatabasePool
    private let interval: DispatchTimeInterval
    private let onFailure: @Sendable (any Error) -> Void
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "outcrop.usage")

    /// Opens a data folder's records. Blocks while the file is opened.
    ///
    /// - Parameters:
    ///   - dataFolder: the folder; it is made if it is missing.
    ///   - interval: how long requests are gathered before they are written.
    ///   - onFailure: is told, on the recorder's thread, when a write fails. What it was to write is kept and tried again with the
    ///     next requests.
    /// - Throws: `FileError` or `DatabaseError` when the file cannot be opened.
    public init(
        dataFolder: String, interval: DispatchTimeInterval = .seconds(2),
        onFailure: @escaping @Sendable (any Error) -> Void
    ) throws {
        pool = try UsageFile.open(dataFolder: dataFolder)
        self.interval = interval
        self.onFailure = onFailure
    }

    /// Counts a request that has ended, answered or not. Returns at once.
    ///
    /// - Parameters:
    ///   - model: what worked on it.
    ///   - key: who asked.
    ///   - tokens: what it took.
    ///   - end: when it ended; the request counts for the five minutes of that time.
    ///   - duration: how long the model was at it.
    public func record(
        model: UsageModel, key: UsageKey, tokens: UsageTokens, at end: Date = .now, lasting duration: Duration = .zero
    ) {
        let end = end.milliseconds
        let span = ActivitySpan(start: end - Int(max(0, duration / .milliseconds(1)).rounded()), end: end)
        let mustSchedule = state.withLock { state in
            state.batch.add(model: model, key: key, tokens: tokens, span: span)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { queue.asyncAfter(deadline: .now() + interval) { self.write() } }
    }

    /// Waits until everything recorded so far is in the file, or a write of it has failed; for the end of a server.
    public func flush() async {
        await withCheckedContinuation { continuation in
            queue.async {
                self.write()
                continuation.resume()
            }
        }
    }

    /// Writes what was gathered, on the queue.
    private func write() {
        let batch = state.withLock { state in
            defer { state = State() }
            return state.batch
        }
        guard !batch.isEmpty else { return }
        do {
            try pool.write { try UsageFile.add(batch, to: $0) }
        } catch {
            state.withLock { $0.batch.add(older: batch) }
            onFailure(error)
        }
    }
}
