/// Bytes that are somewhere: in a file, or in an object of a storage server. They can be read at any offset, from several threads
/// at once; reading blocks the thread.
public protocol ByteSource: Sendable {
    /// What messages call it: a path, or an address such as `s3://bucket/key`.
    var path: String { get }
    /// Its size in bytes.
    var byteCount: Int { get }

    /// Reads `count` bytes at `offset` into `buffer` from index `start`; `buffer` must be large enough.
    /// - Throws: `FileError` when the source ends before that, or cannot be read.
    func read(at offset: Int, count: Int, into buffer: inout [UInt8], at start: Int) throws(FileError)

    /// Makes sure that everything read so far was of one version of the source.
    /// - Throws: `FileError` when it has changed since it was opened.
    func checkUnchanged() throws(FileError)
}

extension ByteSource {
    /// Nothing to check: the source cannot change, or every read makes sure.
    public func checkUnchanged() throws(FileError) {}

    /// Reads `count` bytes at `offset` into the start of `buffer`, which grows if it is shorter.
    /// - Throws: `FileError` when the source ends before that, or cannot be read.
    public func read(at offset: Int, count: Int, into buffer: inout [UInt8]) throws(FileError) {
        if buffer.count < count { buffer.append(contentsOf: repeatElement(0, count: count - buffer.count)) }
        try read(at: offset, count: count, into: &buffer, at: 0)
    }

    /// The `count` bytes at `offset`.
    /// - Throws: `FileError` when the source ends before that, or cannot be read.
    public func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        guard count <= byteCount else {
            throw FileError(
                operation: "read", path: path, reason: "\(count) bytes wanted, there are \(byteCount)")
        }
        var buffer = [UInt8](repeating: 0, count: max(count, 0))
        try read(at: offset, count: count, into: &buffer, at: 0)
        return buffer
    }
}
