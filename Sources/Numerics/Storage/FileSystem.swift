#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The few file system operations that the library and the import need, with typed errors.
public enum FileSystem {
    /// What a path is.
    public enum Kind: Sendable, Equatable {
        /// A regular file.
        case file
        /// A folder.
        case folder
        /// A device, socket or pipe.
        case other
    }

    /// What is known about a path without opening it; symbolic links are followed.
    public struct Status: Sendable, Equatable {
        /// File, folder or something else.
        public let kind: Kind
        /// Size in bytes.
        public let byteCount: Int
        /// Time of the last change, in nanoseconds since 1970.
        public let modified: Int64
    }

    /// The status of a path; nil when there is nothing or it cannot be looked at.
    public static func status(of path: String) -> Status? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        let kind: Kind
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        default: kind = .other
        }
        return Status(
            kind: kind, byteCount: Int(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec))
    }

    /// The names in a folder, without "." and "..", sorted by their bytes.
    /// - Throws: `FileError` when the folder cannot be read.
    public static func names(inFolder path: String) throws(FileError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw .last("list", path) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw .last("list", path) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Creates a folder and the folders above it; one that exists is fine.
    /// - Throws: `FileError`.
    public static func createFolder(_ path: String) throws(FileError) {
        if unsafe mkdir(path, 0o755) == 0 { return }
        if errno == EEXIST, status(of: path)?.kind == .folder { return }
        guard errno == ENOENT, let parent = parent(of: path), parent != path else {
            throw .last("create the folder", path)
        }
        try createFolder(parent)
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .last("create the folder", path) }
    }

    /// Renames a file or folder on one file system; an existing file is replaced atomically, an existing folder is not.
    /// - Throws: `FileError`.
    public static func rename(_ source: String, to target: String) throws(FileError) {
        #if canImport(Glibc)
            let status = unsafe Glibc.rename(source, target)
        #else
            let status = unsafe Musl.rename(source, target)
        #endif
        guard status == 0 else { throw .last("rename", "\(source) to \(target)") }
    }

    /// Waits until the names in a folder (creations, renames) are on the disk.
    /// - Throws: `FileError`.
    public static func synchronizeFolder(_ path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        defer { close(descriptor) }
        // Some network file systems cannot flush a folder; there the rename itself is the best there is.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .last("flush", path) }
    }

    /// Removes a file, or a folder with everything in it. Links are removed, not followed. Nothing there is fine.
    /// - Throws: `FileError`.
    public static func remove(_ path: String) throws(FileError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .last("remove", path)
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            do throws(FileError) {
                for name in try names(inFolder: path) { try remove(join(path, name)) }
            } catch {
                // Somebody else is removing the same folder.
                guard error.isNotFound else { throw error }
            }
            guard unsafe rmdir(path) == 0 || errno == ENOENT else { throw .last("remove", path) }
        } else {
            guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .last("remove", path) }
        }
    }

    /// Bytes that an ordinary user can still write to the file system that holds `path`; nil when unknown.
    public static func freeBytes(at path: String) -> Int? {
        var info = statvfs()
        guard unsafe statvfs(path, &info) == 0 else { return nil }
        let (bytes, overflow) = Int(clamping: info.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: info.f_frsize))
        return overflow ? Int.max : bytes
    }

    /// The path with symbolic links, "." and ".." resolved.
    /// - Throws: `FileError` when a part of it does not exist.
    public static func resolved(_ path: String) throws(FileError) -> String {
        guard let text = unsafe realpath(path, nil) else { throw .last("resolve", path) }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// `folder/name`.
    public static func join(_ folder: String, _ name: String) -> String {
        folder.utf8.last == UInt8(ascii: "/") ? folder + name : folder + "/" + name
    }

    /// The folder that holds `path`; nil for "/".
    public static func parent(of path: String) -> String? {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        if slash == 0 { return bytes.count == 1 ? nil : "/" }
        return String(decoding: bytes[..<slash], as: UTF8.self)
    }
}
