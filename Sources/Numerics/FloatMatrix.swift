/// A row-major matrix of floats that the kernels work on; rows start on 64-byte borders.
///
/// Safe: threads write disjoint rows or columns between two barriers of the thread team.
@safe public final class FloatMatrix: @unchecked Sendable {
    /// Number of rows.
    public let rows: Int
    /// Number of columns that mean something.
    public let columns: Int
    /// Floats from one row to the next; a multiple of 16, at least `columns`.
    public let stride: Int
    private let buffer: AlignedBuffer
    @unsafe let base: UnsafeMutablePointer<Float>

    /// A matrix of zeros.
    public init(rows: Int, columns: Int) throws(NumericsError) {
        precondition(rows >= 0 && columns >= 0, "a matrix has no negative sides")
        self.rows = rows
        self.columns = columns
        stride = (columns + 15) / 16 * 16
        buffer = try AlignedBuffer(byteCount: rows * stride * MemoryLayout<Float>.stride)
        unsafe base = buffer.base.assumingMemoryBound(to: Float.self)
    }

    @unsafe func rowPointer(_ row: Int) -> UnsafeMutablePointer<Float> {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        return unsafe base + row * stride
    }

    /// Reads a row.
    public func withRow<Result>(_ row: Int, _ body: (Span<Float>) throws -> Result) rethrows -> Result {
        try unsafe body(Span(_unsafeStart: rowPointer(row), count: columns))
    }

    /// Changes a row.
    public func withMutableRow<Result>(
        _ row: Int, _ body: (inout MutableSpan<Float>) throws -> Result
    ) rethrows -> Result {
        var span = unsafe MutableSpan(_unsafeStart: rowPointer(row), count: columns)
        return try body(&span)
    }

    /// A row as an array (for tests and results).
    public func array(row: Int) -> [Float] {
        withRow(row) { span in span.indices.map { span[$0] } }
    }

    /// Copies `row` of `other`, which has the same number of columns, to row `target`.
    public func copyRow(_ row: Int, of other: FloatMatrix, to target: Int) {
        precondition(other.columns == columns, "rows of \(other.columns) and \(columns) columns differ")
        unsafe rowPointer(target).update(from: other.rowPointer(row), count: columns)
    }
}

/// A fixed vector of floats that the kernels read (a norm's gain, a bias, sinks, a rotation table).
@safe public final class FloatVector: @unchecked Sendable {
    /// Number of floats.
    public let count: Int
    private let owner: AnyObject
    // Safe: never written after init.
    @unsafe let base: UnsafePointer<Float>

    /// A copy of `values`.
    public init(_ values: [Float]) throws(NumericsError) {
        let buffer = try AlignedBuffer(byteCount: values.count * MemoryLayout<Float>.stride)
        let start = unsafe buffer.base.assumingMemoryBound(to: Float.self)
        for index in values.indices { unsafe start[index] = values[index] }
        count = values.count
        owner = buffer
        unsafe base = UnsafePointer(start)
    }

    /// `count` floats at `offset` of a mapped file.
    /// - Throws: `NumericsError.invalidMatrix` if they are not all inside the file or not aligned.
    public init(file: MappedFile, offset: Int, count: Int) throws(NumericsError) {
        let address = unsafe try file.checkedAddress(
            offset: offset, byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
        self.count = count
        owner = file
        unsafe base = address.assumingMemoryBound(to: Float.self)
    }
}

extension MappedFile {
    /// The address of a range of the file after checking that it lies inside and is aligned.
    @unsafe func checkedAddress(
        offset: Int, byteCount: Int, alignment: Int
    ) throws(NumericsError) -> UnsafeRawPointer {
        guard offset >= 0, byteCount >= 0, offset <= self.byteCount, byteCount <= self.byteCount - offset else {
            throw .invalidMatrix("bytes \(offset)..<\(offset &+ byteCount) are outside a file of \(self.byteCount)")
        }
        guard offset % alignment == 0 else {
            throw .invalidMatrix("offset \(offset) is not a multiple of \(alignment)")
        }
        return unsafe baseAddress + offset
    }
}
