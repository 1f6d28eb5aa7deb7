#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file opened for reading at any offset, from several threads at once.
public final class RandomAccessFile: Sendable {
    /// The path it was opened by.
    public let path: String
    /// Its size when it was opened, in bytes.
    public let byteCount: Int
    private let descriptor: Int32

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
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Reads `count` bytes at `offset` into the start of `buffer`, which grows if it is shorter.
    /// - Throws: `FileError` when the file ends before that, or the system fails.
    public func read(at offset: Int, count: Int, into buffer: inout [UInt8]) throws(FileError) {
        if buffer.count < count { buffer.append(contentsOf: repeatElement(0, count: count - buffer.count)) }
        try read(at: offset, count: count, into: &buffer, at: 0)
    }

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

    /// The `count` bytes at `offset`.
    /// - Throws: `FileError` when the file ends before that, or the system fails.
    public func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        guard count <= byteCount else {
            throw FileError(
                operation: "read", path: path, reason: "\(count) bytes wanted, the file has \(byteCount)")
        }
        var buffer = [UInt8](repeating: 0, count: max(count, 0))
        try read(at: offset, count: count, into: &buffer, at: 0)
        return buffer
    }
}
