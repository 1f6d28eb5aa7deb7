#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file opened for reading at any offset, from several threads at once.
public final class RandomAccessFile: ByteSource {
    /// The path it was opened by.
    public let path: String
    /// Its size when it was opened, in bytes.
    public let byteCount: Int
    let descriptor: Int32
    /// When it was last changed, as of its opening: nanoseconds since 1970.
    private let modified: Int64

    /// Opens a regular file.
    /// - Throws: `FileError` when it does not exist, cannot be read or is not a regular file.
    public init(path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            let error = FileError.last("read the size of", path)
            close(descriptor)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileError(operation: "open", path: path, reason: "it is not a regular file")
        }
        self.path = path
        self.byteCount = Int(status.st_size)
        modified = Self.modified(status)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Reads `count` bytes at `offset` into `buffer` from index `start`; `buffer` must be large enough.
    /// - Throws: `FileError` when the file ends before that, or the system fails.
    public func read(at offset: Int, count: Int, into buffer: inout [UInt8], at start: Int) throws(FileError) {
        precondition(start >= 0 && count >= 0 && start <= buffer.count - count, "the buffer is too small")
        guard offset >= 0, count <= byteCount, offset <= byteCount - count else {
            throw FileError(
                operation: "read", path: path,
                reason: "bytes \(offset) to \(offset) + \(count) are outside the file of \(byteCount) bytes")
        }
        let failure: FileError? = unsafe buffer.withUnsafeMutableBytes { bytes in
            var done = 0
            while done < count {
                guard let base = bytes.baseAddress else { return nil }
                let destination = unsafe base + (start + done)
                // Linux moves at most 2 GiB per call.
                let got = unsafe pread(descriptor, destination, min(count - done, 1 << 30), off_t(offset + done))
                if got < 0 {
                    if errno == EINTR { continue }
                    return .last("read", path)
                }
                guard got > 0 else {
                    return FileError(operation: "read", path: path, reason: "the file became shorter while it was read")
                }
                done += got
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Whether the path still leads to this file, of the size and the time of change that it had when it was opened.
    /// - Throws: `FileError` when not.
    public func checkUnchanged() throws(FileError) {
        var (mine, current) = (stat(), stat())
        guard unsafe fstat(descriptor, &mine) == 0 else { throw .last("read the size of", path) }
        let isReplaced =
            unsafe stat(path, &current) != 0 || mine.st_ino != current.st_ino || mine.st_dev != current.st_dev
        guard !isReplaced, Int(mine.st_size) == byteCount, Self.modified(mine) == modified else {
            throw FileError(operation: "read", path: path, reason: "the file was changed while it was read")
        }
    }

    private static func modified(_ status: stat) -> Int64 {
        Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }
}
