import Dispatch
import Foundation
import JSON
import OutcropNumerics
import Synchronization

/// The audit log: a line of JSON for each request, behind the others in a file that only its owner may read.
///
/// Recording never waits for the disk: lines gather in memory and one thread of the log's own writes them, a moment later.
/// Lines that find the memory full, or that the disk refuses, are counted, and the count becomes a line of the log itself.
/// A file that was renamed or removed, as log rotation does, is followed by a new one at the old path; no signal is needed.
/// What was written survives the process; against a loss of power only the system's own habit of flushing helps.
public final class AuditLog: Sendable {
    /// What is not yet written.
    private struct Backlog {
        var lines: [UInt8] = []
        var lineCount = 0
        var lost = 0
        var isWriting = false
    }

    private let path: String
    private let maximumByteCount: Int
    private let onFailure: @Sendable (FileError) -> Void
    private let backlog = Mutex(Backlog())
    private let queue = DispatchQueue(label: "outcrop.audit")
    /// Used on the queue alone.
    private let file = Mutex<AppendFile?>(nil)

    /// Opens a data folder's log, `audit.jsonl`. Blocks while the file is opened.
    ///
    /// - Parameters:
    ///   - dataFolder: the folder; it is made if it is missing.
    ///   - maximumByteCount: the most bytes of lines that wait in memory.
    ///   - onFailure: is told, on the log's thread, when lines cannot be written.
    /// - Throws: `FileError` when the file cannot be opened.
    public init(
        dataFolder: String, maximumByteCount: Int = 8 << 20, onFailure: @escaping @Sendable (FileError) -> Void
    ) throws(FileError) {
        try FileSystem.createFolder(dataFolder)
        path = FileSystem.join(dataFolder, "audit.jsonl")
        self.maximumByteCount = maximumByteCount
        self.onFailure = onFailure
        let opened = try AppendFile(path: path)
        file.withLock { $0 = opened }
    }

    /// Records a request. Returns at once.
    public func record(_ entry: AuditEntry) {
        let line = entry.line
        let mustStart = backlog.withLock { backlog in
            guard backlog.lines.count + line.count <= maximumByteCount else {
                backlog.lost += 1
                return false
            }
            backlog.lines += line
            backlog.lineCount += 1
            defer { backlog.isWriting = true }
            return !backlog.isWriting
        }
        if mustStart { queue.async { self.write() } }
    }

    /// Waits until everything recorded so far is in the file; for the end of a server.
    public func flush() async {
        await withCheckedContinuation { continuation in
            queue.async {
                self.write()
                continuation.resume()
            }
        }
    }

    /// Writes what waits, on the queue.
    private func write() {
        let taken = backlog.withLock { backlog in
            defer { backlog = Backlog() }
            return backlog
        }
        guard taken.lineCount > 0 || taken.lost > 0 else { return }
        var bytes = taken.lines
        if taken.lost > 0 { bytes += lossLine(taken.lost) }
        do {
            try append(bytes)
        } catch {
            backlog.withLock { $0.lost += taken.lineCount + taken.lost }
            onFailure(error)
        }
    }

    private func append(_ bytes: [UInt8]) throws(FileError) {
        var current = file.withLock { $0 }
        if current?.isAtItsPath != true {
            current = try AppendFile(path: path)
            file.withLock { [current] in $0 = current }
        }
        guard let current else { return }
        // A write that failed halfway, or a process that was killed in one, left half a line.
        let isTorn = current.lastByte.map { $0 != UInt8(ascii: "\n") } ?? false
        try current.append((isTorn ? [UInt8(ascii: "\n")] : []) + bytes)
    }

    /// The line that stands for lines that are missing.
    private func lossLine(_ count: Int) -> [UInt8] {
        let line: JSONValue = [
            "time": .string(auditTime(.now)), "event": "lines lost", "count": JSONValue(count),
        ]
        return line.serializedBytes() + [UInt8(ascii: "\n")]
    }
}
