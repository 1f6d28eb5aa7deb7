import OutcropNumerics

/// A checkpoint in a folder of this machine.
public struct FolderSource: CheckpointSource {
    /// The folder's path.
    public let location: String

    /// The checkpoint in a folder.
    public init(_ path: String) {
        location = path
    }

    /// The path with links resolved.
    public var origin: String { (try? FileSystem.resolved(location)) ?? location }

    /// The names in the folder.
    public func names() throws(FileError) -> [String] { try FileSystem.names(inFolder: location) }

    /// The size of a file; nil when there is none.
    public func byteCount(of name: String) -> Int? {
        let status = FileSystem.status(of: path(of: name))
        return status?.kind == .folder ? nil : status?.byteCount
    }

    /// Whether there is such a folder.
    public func hasFolder(_ name: String) -> Bool { FileSystem.status(of: path(of: name))?.kind == .folder }

    /// Opens a file.
    public func open(_ name: String) throws(FileError) -> any ByteSource {
        try RandomAccessFile(path: path(of: name))
    }
}
