#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Writes small files so that a reader, or a machine that lost power, sees the old content or the new, nothing between.
public enum AtomicFile {
    /// Writes `bytes` to a temporary file beside `path`, flushes it and renames it to `path`.
    /// - Throws: `FileError`; the temporary file is gone then and `path` is as it was.
    public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        let temporary = path + ".tmp-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        do {
            let file = try OutputFile(creating: temporary)
            try file.write(bytes, at: 0)
            try file.synchronize()
            try FileSystem.rename(temporary, to: path)
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        try FileSystem.synchronizeFolder(FileSystem.parent(of: path) ?? "/")
    }
}

/// An exclusive advisory lock on a file or folder; the system drops it when the process ends, however it ends.
public final class FileLock: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Takes the lock of an existing file or folder, or returns nil at once when another process or object holds it.
    /// - Throws: `FileError` when the path cannot be opened or locked.
    public static func tryLock(_ path: String) throws(FileError) -> FileLock? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let code = errno
            close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw FileError(operation: "lock", path: path, code: code)
        }
        return FileLock(descriptor: descriptor)
    }
}
