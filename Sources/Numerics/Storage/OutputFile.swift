#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A new file written at any offset, from several threads at once.
public final class OutputFile: Sendable {
    /// The path it was created by.
    public let path: String
    let descriptor: Int32

    /// Creates a file, or empties the one that is there.
    /// - Parameter isPrivate: whether only its owner may read a file that is created.
    /// - Throws: `FileError` when the folder is missing or not writable.
    public init(creating path: String, isPrivate: Bool = false) throws(FileError) {
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, isPrivate ? 0o600 : 0o644)
        guard descriptor >= 0 else { throw .last("create", path) }
        self.path = path
    }

    deinit { close(descriptor) }

    /// Reserves disk blocks for `count` bytes, so that a full disk shows before any work is done. File systems that
    /// cannot reserve only get the length.
    /// - Throws: `FileError` (`isOutOfSpace`) when the disk cannot hold them.
    public func reserve(byteCount count: Int) throws(FileError) {
        guard count > 0 else { return }
        while true {
            switch posix_fallocate(descriptor, 0, off_t(count)) {
            case 0: return
            case EINTR: continue
            case EOPNOTSUPP, ENOSYS, EINVAL:
                guard ftruncate(descriptor, off_t(count)) == 0 else { throw .last("set the length of", path) }
                return
            case let code:
                throw FileError(operation: "reserve \(count) bytes for", path: path, code: code)
            }
        }
    }

    /// Writes `range` of `bytes` at `offset`.
    /// - Throws: `FileError`; `isOutOfSpace` when the disk is full.
    public func write(_ bytes: [UInt8], _ range: Range<Int>, at offset: Int) throws(FileError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "the range is outside the buffer")
        let failure: FileError? = unsafe bytes.withUnsafeBytes { buffer in
            var done = range.lowerBound
            while done < range.upperBound, let base = buffer.baseAddress {
                let count = min(range.upperBound - done, 1 << 30)
                let put = unsafe pwrite(descriptor, base + done, count, off_t(offset + done - range.lowerBound))
                if put < 0 {
                    if errno == EINTR { continue }
                    return .last("write", path)
                }
                done += put
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Writes all of `bytes` at `offset`.
    /// - Throws: `FileError`; `isOutOfSpace` when the disk is full.
    public func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
        try write(bytes, 0..<bytes.count, at: offset)
    }

    /// Waits until everything written is on the disk.
    /// - Throws: `FileError` when the disk reports a failure.
    public func synchronize() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw .last("flush", path) }
    }
}
