import OutcropNumerics

/// The files of a checkpoint, wherever they are.
public protocol CheckpointSource: Sendable {
    /// What messages call it: a folder's path, or an address such as `s3://bucket/prefix/`.
    var location: String { get }

    /// Where it is for the record, whatever the current folder.
    var origin: String { get }

    /// The names of its files and folders, sorted by their bytes; without what is in the folders.
    /// - Throws: `FileError` when they cannot be listed.
    func names() throws(FileError) -> [String]

    /// A file's size in bytes; nil when there is no such file. Names in folders are relative paths: `original/config.json`.
    func byteCount(of name: String) -> Int?

    /// Whether there is a folder of this name.
    func hasFolder(_ name: String) -> Bool

    /// Opens a file.
    /// - Throws: `FileError` when there is none, or it cannot be read.
    func open(_ name: String) throws(FileError) -> any ByteSource
}

extension CheckpointSource {
    /// The location, which is an address.
    public var origin: String { location }

    /// What messages call a file.
    public func path(of name: String) -> String { FileSystem.join(location, name) }
}
