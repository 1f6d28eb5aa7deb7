import OutcropNumerics

/// Files of settings and tokens, which are read whole: they are small and in the page cache.
enum SmallFile {
    /// A file's bytes; nil when it does not exist.
    /// - Throws: `FileError` when it cannot be read or has more than `limit` bytes.
    static func bytes(at path: String, limit: Int) throws(FileError) -> [UInt8]? {
        do throws(FileError) {
            let file = try RandomAccessFile(path: path)
            guard file.byteCount <= limit else {
                throw FileError(operation: "read", path: path, reason: "it has more than \(limit) bytes")
            }
            return try file.read(at: 0, count: file.byteCount)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// A token's text without white space around it.
    /// - Throws: `FileError` when it cannot be read, is longer than 64 KiB or empty.
    static func token(at path: String) throws(FileError) -> String {
        guard let bytes = try bytes(at: path, limit: 1 << 16) else {
            throw FileError(operation: "read", path: path, reason: "no such file or folder")
        }
        var token = bytes.drop { $0 <= 0x20 }
        while let last = token.last, last <= 0x20 { token.removeLast() }
        guard !token.isEmpty else { throw FileError(operation: "read", path: path, reason: "it is empty") }
        return String(decoding: token, as: UTF8.self)
    }
}
