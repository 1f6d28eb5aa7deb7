import AWSProtocol
import OutcropNumerics
import Synchronization

/// A file of the store that is being written, in constant memory. It is gone when the object is, unless it was kept.
final class IncomingFile: Sendable {
    fileprivate struct State {
        /// Nil once it is closed.
        var output: OutputFile?
        var pending: [UInt8] = []
        /// Bytes in the file, without the pending ones.
        var written = 0
        var digests: DigestSet
        var place = Place.incoming
    }

    fileprivate enum Place { case incoming, complete, kept }

    /// Its name in the folder.
    let name: String
    private let folder: StoreFolder
    private let limit: Int
    private let state: Mutex<State>

    /// Bytes that are gathered before they are hashed and written at once.
    private static let blockSize = 1 << 19

    /// Creates the file. To be called where waiting for the disk is allowed.
    /// - Parameter limit: the most bytes it takes.
    /// - Throws: `FileError`.
    init(in folder: StoreFolder, digests: DigestSet, limit: Int) throws(FileError) {
        name = folder.newFile()
        self.folder = folder
        self.limit = limit
        state = Mutex(State(output: try OutputFile(creating: folder.incoming(name), isPrivate: true), digests: digests))
    }

    deinit {
        if let path = takePath() { FileWork.start { try? FileSystem.remove(path) } }
    }

    /// Removes the file now.
    func discard() async {
        guard let path = takePath() else { return }
        // What cannot be removed is garbage for a later sweep.
        try? await FileWork.run { try FileSystem.remove(path) }
    }

    /// Where the file is, if it is still to be removed; from now on it is not.
    private func takePath() -> String? {
        state.withLock { state in
            defer { state.place = .kept }
            return switch state.place {
            case .incoming: folder.incoming(name)
            case .complete: folder.complete(name)
            case .kept: nil
            }
        }
    }

    /// Appends bytes.
    /// - Throws: `ObjectStoreError.tooLarge`, `FileError`.
    func write(_ bytes: [UInt8]) async throws {
        let isFull = try state.withLock { state in
            guard bytes.count <= limit - state.written - state.pending.count else {
                throw ObjectStoreError.tooLarge(limit: limit)
            }
            state.pending += bytes
            return state.pending.count >= Self.blockSize
        }
        if isFull { try await FileWork.run { try self.state.withLock { try $0.flush() } } }
    }

    /// Appends a whole file that lies in the store, without reading it here. Digests do not cover it.
    /// - Throws: `FileError`.
    func append(_ source: RandomAccessFile) throws(FileError) {
        try state.withLock { state throws(FileError) in
            try state.output?.copy(source, to: state.written)
            state.written += source.byteCount
        }
    }

    /// Ends the file: writes what is pending, compares it with what is expected, flushes it to the disk and gives it its
    /// place. A record may name it now.
    /// - Throws: `ObjectStoreError.sizeMismatch`, `.digestMismatch`, `FileError`.
    func close(expecting expected: ExpectedBody) async throws -> BodyDigests {
        do {
            return try await FileWork.run { try self.finish(expected) }
        } catch {
            await discard()
            throw error
        }
    }

    private func finish(_ expected: ExpectedBody) throws -> BodyDigests {
        try state.withLock { state in
            try state.flush()
            let digests = state.digests.finish(byteCount: state.written)
            try digests.check(expected)
            try state.output?.synchronize()
            state.output = nil
            try folder.publish(name)
            state.place = .complete
            return digests
        }
    }

    /// Leaves the file where it is: a record names it, or may do so.
    func keep() {
        state.withLock { $0.place = .kept }
    }
}

extension IncomingFile.State {
    fileprivate mutating func flush() throws(FileError) {
        guard !pending.isEmpty, let output else { return }
        digests.update(pending)
        try output.write(pending, at: written)
        written += pending.count
        pending.removeAll(keepingCapacity: true)
    }
}
