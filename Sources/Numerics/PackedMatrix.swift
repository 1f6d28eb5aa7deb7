import CKernels

/// How the weights of a packed matrix are stored; the layouts are drawn in `CKernels.h`.
public enum WeightKind: Int, Sendable, CaseIterable {
    /// Four-bit floats with one power-of-two scale per 32.
    case mxfp4
    /// Eight-bit integers with one half-float scale per 32.
    case int8
    /// bfloat16.
    case bf16
}

/// A weight matrix of `rows` outputs by `columns` inputs, in the kernels' layout, inside a mapped file.
///
/// Safe: the pointers stay inside `file`, which this value keeps alive and which is never written.
@safe public struct PackedMatrix: @unchecked Sendable {
    /// How the weights are stored.
    public let kind: WeightKind
    /// Outputs, without the padding to 16.
    public let rows: Int
    /// Inputs, a multiple of 32.
    public let columns: Int
    /// Outputs in groups of 16, the last one padded with zero rows.
    public var rowGroups: Int { (rows + 15) / 16 }
    /// Outputs with the padding.
    public var paddedRows: Int { rowGroups * 16 }
    /// Bytes that one product has to read.
    public var byteCount: Int { weightByteCount + scaleByteCount }

    private let file: MappedFile
    let weights: UnsafePointer<UInt8>
    let scales: UnsafePointer<UInt8>?

    private var weightByteCount: Int { PackedMatrix.weightBytes(kind: kind, rows: rows, columns: columns) }
    private var scaleByteCount: Int { PackedMatrix.scaleBytes(kind: kind, rows: rows, columns: columns) }

    /// Bytes of the weights of such a matrix.
    public static func weightBytes(kind: WeightKind, rows: Int, columns: Int) -> Int {
        let padded = (rows + 15) / 16 * 16
        switch kind {
        case .mxfp4: return padded * columns / 2
        case .int8: return padded * columns
        case .bf16: return padded * columns * 2
        }
    }

    /// Bytes of the scales of such a matrix.
    public static func scaleBytes(kind: WeightKind, rows: Int, columns: Int) -> Int {
        let padded = (rows + 15) / 16 * 16
        switch kind {
        case .mxfp4: return padded * (columns / 32)
        case .int8: return padded * (columns / 32) * 2
        case .bf16: return 0
        }
    }

    /// A matrix at `weightsOffset` (and its scales at `scalesOffset`) of `file`.
    /// - Throws: `NumericsError.invalidMatrix` if the shape is not allowed or the bytes are outside the file.
    public init(
        file: MappedFile, kind: WeightKind, rows: Int, columns: Int, weightsOffset: Int, scalesOffset: Int
    ) throws(NumericsError) {
        guard rows > 0, columns > 0, columns % 32 == 0, rows < 1 << 28, columns < 1 << 24 else {
            throw .invalidMatrix("\(rows) rows by \(columns) columns: columns must be a positive multiple of 32")
        }
        let weightBytes = PackedMatrix.weightBytes(kind: kind, rows: rows, columns: columns)
        let scaleBytes = PackedMatrix.scaleBytes(kind: kind, rows: rows, columns: columns)
        let weights = unsafe try file.checkedAddress(offset: weightsOffset, byteCount: weightBytes, alignment: 64)
        self.kind = kind
        self.rows = rows
        self.columns = columns
        self.file = file
        unsafe self.weights = weights.assumingMemoryBound(to: UInt8.self)
        if scaleBytes > 0 {
            let scales = unsafe try file.checkedAddress(offset: scalesOffset, byteCount: scaleBytes, alignment: 16)
            unsafe self.scales = scales.assumingMemoryBound(to: UInt8.self)
        } else {
            unsafe self.scales = nil
        }
    }
}

/// Plain bfloat16 rows (the input embedding).
public struct EmbeddingTable: @unchecked Sendable {
    /// Number of tokens.
    public let rows: Int
    /// Floats per token.
    public let columns: Int
    private let file: MappedFile
    private let offset: Int

    /// `rows` by `columns` bfloat16 at `offset` of `file`.
    public init(file: MappedFile, rows: Int, columns: Int, offset: Int) throws(NumericsError) {
        _ = unsafe try file.checkedAddress(offset: offset, byteCount: rows * columns * 2, alignment: 64)
        self.rows = rows
        self.columns = columns
        self.file = file
        self.offset = offset
    }

    /// Writes the embedding of `token` to a row of `matrix`, exactly.
    public func copy(token: Int32, to matrix: FloatMatrix, row: Int) {
        precondition(token >= 0 && Int(token) < rows, "token \(token) of \(rows)")
        let source = unsafe (file.baseAddress + offset + Int(token) * columns * 2)
            .assumingMemoryBound(to: UInt16.self)
        let target = unsafe matrix.rowPointer(row)
        for column in 0..<columns {
            unsafe target[column] = Float(bitPattern: UInt32(source[column]) << 16)
        }
    }
}
