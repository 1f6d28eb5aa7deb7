import OutcropNumerics

/// An object of the embedded store, read from its file under the object's own name.
struct StoredBytes: ByteSource {
    /// `s3://bucket/key`.
    let path: String
    private let file: RandomAccessFile

    var byteCount: Int { file.byteCount }

    /// Opens the file that has an object's bytes.
    /// - Throws: `FileError` when it is gone: the object has been replaced or deleted since it was found.
    init(path: String, file: String) throws(FileError) {
        self.path = path
        do throws(FileError) {
            self.file = try RandomAccessFile(path: file)
        } catch {
            guard error.isNotFound else { throw error.about(path) }
            throw FileError(
                operation: "open", path: path,
                reason:
                    "the object was replaced or deleted after the import had begun. Try again when nobody writes to it")
        }
    }

    func read(at offset: Int, count: Int, into buffer: inout [UInt8], at start: Int) throws(FileError) {
        do throws(FileError) {
            try file.read(at: offset, count: count, into: &buffer, at: start)
        } catch {
            throw error.about(path)
        }
    }
}

extension FileError {
    /// The same failure, told about another path.
    func about(_ path: String) -> FileError {
        code == 0
            ? FileError(operation: operation, path: path, reason: reason)
            : FileError(operation: operation, path: path, code: code)
    }
}
