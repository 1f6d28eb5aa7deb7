#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A system call on a file that failed: what was tried, on which path, and the system's reason.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried, in words ("open", "read", "rename").
    public let operation: String
    /// The file or folder.
    public let path: String
    /// `errno`, or 0 when the failure is not the system's (an unexpected end of file, for instance).
    public let code: Int32
    /// The reason, in words.
    public let reason: String

    /// Describes a failure whose reason is not an `errno`.
    public init(operation: String, path: String, reason: String) {
        self.operation = operation
        self.path = path
        self.code = 0
        self.reason = reason
    }

    /// Describes a failed system call.
    public init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
        self.reason = Self.text(of: code)
    }

    /// Captures `errno`; call it directly after the failed system call.
    static func last(_ operation: String, _ path: String) -> FileError {
        FileError(operation: operation, path: path, code: errno)
    }

    /// The same failure of what messages call `path`.
    public func renamed(_ path: String) -> FileError {
        code == 0
            ? FileError(operation: operation, path: path, reason: reason)
            : FileError(operation: operation, path: path, code: code)
    }

    /// Whether the disk or the quota is full.
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }

    /// Whether the file or folder does not exist.
    public var isNotFound: Bool { code == ENOENT }

    /// What failed, where, and why.
    public var description: String { "cannot \(operation) \(path): \(reason)" }

    private static func text(of code: Int32) -> String {
        switch code {
        case ENOENT: return "no such file or folder"
        case EACCES, EPERM: return "permission denied"
        case ENOSPC: return "no space left on the disk"
        case EDQUOT: return "the disk quota is used up"
        case EISDIR: return "it is a folder"
        case ENOTDIR: return "a part of the path is not a folder"
        case EEXIST: return "it exists already"
        case EROFS: return "the file system is read-only"
        case EMFILE, ENFILE: return "too many open files"
        default:
            guard let text = unsafe strerror(code) else { return "error \(code)" }
            return unsafe String(cString: text)
        }
    }
}
