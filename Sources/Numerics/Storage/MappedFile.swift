#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file mapped into memory for reading; pages are read from disk when first touched and shared between processes.
///
/// The mapping lives as long as the object. The file must not be truncated meanwhile (artifacts never are: a new one
/// replaces the old by rename).
@safe
public final class MappedFile: Sendable {
    /// The path it was opened by.
    public let path: String
    /// Bytes mapped: the whole file.
    public let byteCount: Int
    // Safe: the mapping is read-only and immutable from init to deinit.
    private nonisolated(unsafe) let base: UnsafeRawPointer

    /// Maps a whole regular file.
    /// - Throws: `FileError` when it does not exist, is empty, is not a regular file or cannot be mapped.
    public init(path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last("read the size of", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(operation: "map", path: path, reason: "it is not a regular file")
        }
        guard status.st_size > 0 else { throw FileError(operation: "map", path: path, reason: "it is empty") }
        let count = Int(status.st_size)
        guard let base = unsafe mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), unsafe base != MAP_FAILED else {
            throw .last("map", path)
        }
        self.path = path
        self.byteCount = count
        unsafe self.base = UnsafeRawPointer(base)
    }

    deinit { unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }

    /// The first byte, page-aligned. Valid while the object lives.
    @unsafe
    public var baseAddress: UnsafeRawPointer { unsafe base }

    /// A copy of some bytes of the file.
    public func bytes(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "the range is outside the file")
        return unsafe [UInt8](UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }
}
