import CKernels

/// The form in which activations enter a matrix product.
public enum ActivationKind: Int, Sendable {
    /// 32-bit floats: the reference.
    case f32
    /// bfloat16: eight bits of mantissa, for the matrix units.
    case bf16
    /// Sixteen-bit fixed point per 32 values, for byte dot products; closer to f32 than bf16 is.
    case q16
    /// Eight-bit fixed point per 32 values: half the work of `q16`, an error about 256 times as large.
    case q8

    /// Bytes of a row of `columns` activations.
    func stride(columns: Int) -> Int {
        switch self {
        case .f32: return columns * 4
        case .bf16: return columns * 2
        case .q16: return columns / 32 * MemoryLayout<ck_q16_block>.stride
        case .q8: return columns / 32 * MemoryLayout<ck_q8_block>.stride
        }
    }
}

/// Rows of activations in one of the forms, written by the conversion and read by the products.
///
/// Safe: threads write disjoint rows or column ranges between two barriers of the thread team.
public final class Activations: @unchecked Sendable {
    /// The most rows it holds.
    public let capacity: Int
    /// Values per row, a multiple of 32.
    public let columns: Int
    /// The form of the values now in it. Set before the rows are written.
    public var kind: ActivationKind = .f32
    private let buffer: AlignedBuffer

    /// Room for `capacity` rows in the widest form.
    public init(capacity: Int, columns: Int) throws(NumericsError) {
        precondition(columns % 32 == 0, "activations come in blocks of 32")
        self.capacity = capacity
        self.columns = columns
        buffer = try AlignedBuffer(byteCount: (capacity + 1) * columns * 4)
    }

    var rowStride: Int { kind.stride(columns: columns) }

    @unsafe func rowPointer(_ row: Int) -> UnsafeMutableRawPointer {
        precondition(row >= 0 && row < capacity, "row \(row) of \(capacity)")
        return unsafe buffer.base + row * rowStride
    }

    /// Copies `row` of `other`, which has the same form and width, to row `target`.
    public func copyRow(_ row: Int, of other: Activations, to target: Int) {
        precondition(other.kind == kind && other.columns == columns, "rows of one form and width")
        unsafe rowPointer(target).copyMemory(from: other.rowPointer(row), byteCount: rowStride)
    }
}
