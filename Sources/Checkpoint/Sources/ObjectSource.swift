import OutcropNumerics

/// A checkpoint whose files are the objects below a prefix of a storage server.
public struct ObjectSource: CheckpointSource {
    /// One object.
    public struct Object: Sendable {
        /// Its key without the prefix: `config.json`, `original/config.json`.
        public var name: String
        /// Its size in bytes.
        public var byteCount: Int
        /// Opens the version of it that was listed.
        public var open: @Sendable () throws(FileError) -> any ByteSource

        /// Describes an object.
        public init(name: String, byteCount: Int, open: @escaping @Sendable () throws(FileError) -> any ByteSource) {
            self.name = name
            self.byteCount = byteCount
            self.open = open
        }
    }

    /// The address of the prefix: `s3://bucket/prefix/`.
    public let location: String
    private let objects: [[UInt8]: Object]
    private let entries: [String]
    private let folders: Set<[UInt8]>

    /// The objects below a prefix.
    public init(location: String, objects: [Object]) {
        self.location = location
        self.objects = Dictionary(objects.map { (Array($0.name.utf8), $0) }, uniquingKeysWith: { _, last in last })
        var (files, folders): (Set<[UInt8]>, Set<[UInt8]>) = ([], [])
        for name in self.objects.keys {
            if let slash = name.firstIndex(of: UInt8(ascii: "/")) {
                folders.insert(Array(name[..<slash]))
            } else {
                files.insert(name)
            }
        }
        self.folders = folders
        entries = files.union(folders).filter { !$0.isEmpty }
            .sorted { $0.lexicographicallyPrecedes($1) }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The objects' names, and the first parts of those with slashes.
    public func names() throws(FileError) -> [String] { entries }

    /// The size of an object; nil when there is none.
    public func byteCount(of name: String) -> Int? { objects[Array(name.utf8)]?.byteCount }

    /// Whether there are objects below the name.
    public func hasFolder(_ name: String) -> Bool { folders.contains(Array(name.utf8)) }

    /// Opens an object. Whatever its bytes are in, messages call it by its address.
    public func open(_ name: String) throws(FileError) -> any ByteSource {
        let path = path(of: name)
        guard let object = objects[Array(name.utf8)] else {
            throw FileError(operation: "open", path: path, reason: "there is no such object")
        }
        let source: any ByteSource
        do throws(FileError) {
            source = try object.open()
        } catch {
            throw error.renamed(path)
        }
        guard source.byteCount == object.byteCount else {
            throw FileError(
                operation: "open", path: path,
                reason: "it has \(source.byteCount) bytes, and had \(object.byteCount) when the objects were listed")
        }
        return NamedSource(source, path: path)
    }
}
