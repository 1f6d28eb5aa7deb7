import OutcropNumerics

/// A safetensors file opened for reading.
public struct SafetensorsFile: Sendable {
    /// The open file.
    public let file: any ByteSource
    /// Its header.
    public let header: SafetensorsHeader

    /// Opens a file and reads its header, with everything that is wrong with it.
    ///
    /// `file` is nil when there is nothing that can be read; tensors that are wrong are left out of the header.
    public static func open(_ path: String) -> (file: SafetensorsFile?, findings: [Finding]) {
        do throws(FileError) {
            return read(try RandomAccessFile(path: path))
        } catch {
            return (nil, [unreadable(path, error)])
        }
    }

    /// Reads the header of a file that is open, with everything that is wrong with it.
    static func read(_ file: any ByteSource) -> (file: SafetensorsFile?, findings: [Finding]) {
        let path = file.path
        do throws(FileError) {
            let prefix = try file.read(at: 0, count: min(8, file.byteCount))
            switch SafetensorsHeader.headerByteCount(prefix: prefix, fileByteCount: file.byteCount, path: path) {
            case .failure(let list): return (nil, list.findings)
            case .success(let length):
                let bytes = try file.read(at: 0, count: 8 + length)
                let (header, findings) = SafetensorsHeader.parse(bytes, fileByteCount: file.byteCount, path: path)
                return (header.map { SafetensorsFile(file: file, header: $0) }, findings)
            }
        } catch {
            return (nil, [unreadable(path, error)])
        }
    }

    private static func unreadable(_ path: String, _ error: FileError) -> Finding {
        Finding(.fileUnreadable, path: path, "\(error)", remedy: "Make the file readable")
    }

    /// Opens a file that must be right in every respect.
    /// - Throws: `CheckpointError.unusable` with all findings.
    public init(path: String) throws(CheckpointError) {
        let (file, findings) = Self.open(path)
        guard let file, findings.isEmpty else { throw .unusable(path: path, findings: findings) }
        self = file
    }

    private init(file: any ByteSource, header: SafetensorsHeader) {
        self.file = file
        self.header = header
    }
}
