#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Writes small files so that a reader, or a machine that lost power, sees the old content or the new, nothing between.
public enum AtomicFile {
    /// Writes `bytes` to a temporary file beside `path`, flushes it and renames it to `path`.
    /// - Parameter isPrivate: whether only its owner may read the file.
    /// - Throws: `FileError`; the temporary file is gone then and `path` is as it was.
    public static func write(_ bytes: [UInt8], to path: String, isPrivate: Bool = false) throws(FileError) {
        guard FileSystem.status(of: path)?.kind != .folder else {
            throw FileError(operation: "write", path: path, code: EISDIR)
        }
        let temporary = path + ".tmp-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        do throws(FileError) {
            let file = try OutputFile(creating: temporary, isPrivate: isPrivate)
            try file.write(bytes, at: 0)
            try file.synchronize()
            try FileSystem.rename(temporary, to: path)
        } catch {
            unsafe unlink(temporary)
            // The temporary name says nothing to whoever reads the error.
            throw error.code == 0
                ? FileError(operation: "write", path: path, reason: error.reason)
                : FileError(operation: "write", path: path, code: error.code)
        }
        try FileSystem.synchronizeFolder(FileSystem.parent(of: path) ?? "/")
    }
}

/// An exclusive advisory lock on a file or folder; the system drops it when the process ends, however it ends.
public final class FileLock: Sendable {
    private let descriptor: Int32
    /// The lock file that goes with the lock; nil when the path is somebody else's.
    private let ownPath: String?

    private init(descriptor: Int32, ownPath: String? = nil) {
        self.descriptor = descriptor
        self.ownPath = ownPath
    }

    deinit {
        // While the lock is held, so that nobody's later file of this name is taken away.
        if let ownPath { unsafe unlink(ownPath) }
        close(descriptor)
    }

    /// Creates a lock file and takes its lock, or returns nil at once when another process or object holds it. The file
    /// goes with the lock; one that a dead process left is not in the way.
    /// - Throws: `FileError` when the file cannot be created or locked.
    public static func tryCreating(_ path: String) throws(FileError) -> FileLock? {
        while true {
            let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw .last("create", path) }
            guard try lock(descriptor, path) else { return nil }
            // Its last holder may have removed the file between the opening and the lock: then it guards nothing.
            var (mine, current) = (stat(), stat())
            if unsafe fstat(descriptor, &mine) == 0, unsafe stat(path, &current) == 0, mine.st_ino == current.st_ino,
                mine.st_dev == current.st_dev
            {
                return FileLock(descriptor: descriptor, ownPath: path)
            }
            close(descriptor)
        }
    }

    /// Takes the lock of an existing file or folder, or returns nil at once when another process or object holds it.
    /// - Throws: `FileError` when the path cannot be opened or locked.
    public static func tryLock(_ path: String) throws(FileError) -> FileLock? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        return try lock(descriptor, path) ? FileLock(descriptor: descriptor) : nil
    }

    /// Locks an open file; closes it when that is not possible.
    private static func lock(_ descriptor: Int32, _ path: String) throws(FileError) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let code = errno
            close(descriptor)
            if code == EWOULDBLOCK { return false }
            throw FileError(operation: "lock", path: path, code: code)
        }
        return true
    }
}
