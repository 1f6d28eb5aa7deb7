#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file that only grows, as logs do, and that only its owner may read.
///
/// Several processes may append to one file: each write lands whole behind the others' (`O_APPEND`).
public final class AppendFile: Sendable {
    /// The path it was opened by.
    public let path: String
    private let descriptor: Int32

    /// Opens a file at its end; creates it when there is none.
    /// - Throws: `FileError` when the folder is missing or the file cannot be written.
    public init(path: String) throws(FileError) {
        try FileSystem.makePrivateFile(path)
        descriptor = unsafe open(path, O_RDWR | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        self.path = path
    }

    deinit { close(descriptor) }

    /// Whether the path still names this file: not once it was renamed or removed, as log rotation does.
    public var isAtItsPath: Bool {
        var mine = stat()
        var there = stat()
        guard unsafe fstat(descriptor, &mine) == 0, unsafe stat(path, &there) == 0 else { return false }
        return mine.st_ino == there.st_ino && mine.st_dev == there.st_dev
    }

    /// The last byte; nil for an empty file, or one that cannot be read.
    public var lastByte: UInt8? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_size > 0 else { return nil }
        var byte: UInt8 = 0
        return unsafe pread(descriptor, &byte, 1, status.st_size - 1) == 1 ? byte : nil
    }

    /// Appends bytes.
    /// - Throws: `FileError`; `isOutOfSpace` when the disk is full, and then some of the bytes may have been written.
    public func append(_ bytes: [UInt8]) throws(FileError) {
        let failure: FileError? = unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < bytes.count, let base = buffer.baseAddress {
                let put = unsafe write(descriptor, base + done, min(bytes.count - done, 1 << 30))
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
}

extension FileSystem {
    /// Sees to it that a file is there and that only its owner may read or write it, whatever the process's mask.
    ///
    /// Opens nothing: closing a file gives up the locks that the process holds on it, such as those of SQLite on a database that
    /// is open elsewhere in it.
    /// - Throws: `FileError` when it cannot be created or belongs to someone else.
    public static func makePrivateFile(_ path: String) throws(FileError) {
        guard unsafe mknod(path, S_IFREG | 0o600, 0) == 0 || errno == EEXIST else { throw .last("create", path) }
        if permissions(of: path) == 0o600 { return }
        guard unsafe chmod(path, 0o600) == 0 else { throw .last("set the permissions of", path) }
    }

    /// Who may do what with a file: the lower twelve bits of its mode; nil when there is none.
    public static func permissions(of path: String) -> UInt32? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? UInt32(status.st_mode & 0o7777) : nil
    }
}
