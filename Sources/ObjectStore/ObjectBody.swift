import OutcropNumerics

/// Bytes of an object, read piece by piece from a file that stays open, whatever happens to the object meanwhile.
public struct ObjectBody: AsyncSequence, Sendable {
    /// A piece.
    public typealias Element = [UInt8]

    /// The bytes of the object that it yields.
    public let range: Range<Int>
    private let file: RandomAccessFile

    /// The most bytes of a piece.
    public static let pieceByteCount = 1 << 20

    init(_ file: RandomAccessFile, _ range: Range<Int>) {
        self.file = file
        self.range = range
    }

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator { Iterator(file: file, rest: range) }

    /// Reads pieces in their order.
    public struct Iterator: AsyncIteratorProtocol {
        let file: RandomAccessFile
        var rest: Range<Int>

        /// The next piece; nil after the last.
        /// - Throws: `ObjectStoreError.file`, `CancellationError`.
        public mutating func next() async throws -> [UInt8]? {
            try Task.checkCancellation()
            guard !rest.isEmpty else { return nil }
            let (file, offset, count) = (file, rest.lowerBound, Swift.min(rest.count, ObjectBody.pieceByteCount))
            rest = (offset + count)..<rest.upperBound
            do {
                return try await FileWork.run { try file.read(at: offset, count: count) }
            } catch {
                throw ObjectStoreError.translating(error)
            }
        }
    }
}

/// An object that is open for reading.
public struct OpenObject: Sendable {
    /// The object.
    public let object: StoredObject
    private let file: RandomAccessFile

    init(_ object: StoredObject, _ file: RandomAccessFile) {
        self.object = object
        self.file = file
    }

    /// Its bytes, or those of a range, which must lie within it.
    public func body(_ range: Range<Int>? = nil) -> ObjectBody {
        let range = range ?? 0..<object.byteCount
        precondition(range.lowerBound >= 0 && range.upperBound <= object.byteCount, "the range is outside the object")
        return ObjectBody(file, range)
    }
}

/// An object as a plain file, for readers in this machine.
public struct ObjectFile: Sendable, Equatable {
    /// The file's path. It lasts until the object is replaced or deleted; what was opened before lasts.
    public let path: String
    /// Bytes.
    public let byteCount: Int
    /// The entity tag without quotes, which changes when the object does.
    public let entityTag: String
}
