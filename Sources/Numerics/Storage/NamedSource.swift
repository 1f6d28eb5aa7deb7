/// Bytes that messages call something else than the file that they are in.
public struct NamedSource: ByteSource {
    /// What messages call it.
    public let path: String
    private let source: any ByteSource

    /// Gives a source a name.
    public init(_ source: any ByteSource, path: String) {
        self.source = source
        self.path = path
    }

    /// The source's size in bytes.
    public var byteCount: Int { source.byteCount }

    /// Reads from the source.
    public func read(at offset: Int, count: Int, into buffer: inout [UInt8], at start: Int) throws(FileError) {
        do throws(FileError) {
            try source.read(at: offset, count: count, into: &buffer, at: start)
        } catch {
            throw error.renamed(path)
        }
    }

    /// Makes sure that the source has not changed.
    public func checkUnchanged() throws(FileError) {
        do throws(FileError) {
            try source.checkUnchanged()
        } catch {
            throw error.renamed(path)
        }
    }
}
