import CKernels

// The table's entries are filled by `ck_select`, so that an optional function here is never nil.
extension KernelSet {
    /// Row `row` of `x`, normalised by its root mean square and multiplied by `gain`, to row `target` of `out`.
    public func rmsNorm(
        _ x: FloatMatrix, row: Int, gain: FloatVector, epsilon: Float, to out: FloatMatrix, row target: Int
    ) {
        precondition(gain.count >= x.columns && out.stride >= x.columns, "gain and result as wide as the row")
        unsafe table.rms_norm(x.rowPointer(row), gain.base, epsilon, Int32(x.columns), out.rowPointer(target))
    }

    /// Converts a row of `x` from `column` on to the form of `out`, at row `target`.
    /// - Parameter columns: columns of `out` to write, whole blocks of 32; all if nil.
    public func convert(
        _ x: FloatMatrix, row: Int, column: Int = 0, to out: Activations, row target: Int, columns: Range<Int>? = nil
    ) {
        let range = columns ?? 0..<out.columns
        precondition(range.lowerBound % 32 == 0 && range.upperBound % 32 == 0, "whole blocks of 32")
        precondition(column + range.count <= x.stride && range.upperBound <= out.columns, "columns of both")
        let count = Int32(range.count)
        let source = unsafe x.rowPointer(row) + column
        let start = unsafe out.rowPointer(target)
        switch out.kind {
        case .f32:
            unsafe (start + range.lowerBound * 4).copyMemory(from: source, byteCount: range.count * 4)
        case .bf16:
            unsafe table.to_bf16(
                source, count, (start + range.lowerBound * 2).assumingMemoryBound(to: UInt16.self))
        case .q16:
            unsafe table.to_q16(
                source, count, start.assumingMemoryBound(to: ck_q16_block.self) + range.lowerBound / 32)
        case .q8:
            unsafe table.to_q8(
                source, count, start.assumingMemoryBound(to: ck_q8_block.self) + range.lowerBound / 32)
        }
    }

    /// Rotates `heads` heads of `headDim` that start at `column` of a row, by the angles of a row of the table.
    public func rotate(
        _ x: FloatMatrix, row: Int, column: Int, heads: Int, headDim: Int, rotation: RotaryTable, tableRow: Int
    ) {
        precondition(column >= 0 && column + heads * headDim <= x.stride, "heads inside the row")
        precondition(rotation.cosines.columns == headDim / 2, "angles for heads of \(headDim)")
        unsafe table.rope(
            x.rowPointer(row) + column, Int32(heads), Int32(headDim), rotation.cosines.rowPointer(tableRow),
            rotation.sines.rowPointer(tableRow))
    }

    /// The clamped SwiGLU of gpt-oss over unit groups (16 units each) of a row of gate/up products.
    ///
    /// `gateUp` holds, from its column 32 * units.lowerBound, 16 gates then 16 ups per unit group; unit group u of the row
    /// goes to columns 16u... of `out`.
    public func swiGLU(
        _ gateUp: FloatMatrix, row: Int, unitGroups: Range<Int>, limit: Float, alpha: Float, to out: FloatMatrix,
        row target: Int
    ) {
        precondition(unitGroups.upperBound * 32 <= gateUp.stride && unitGroups.upperBound * 16 <= out.stride, "units")
        unsafe table.swiglu(
            gateUp.rowPointer(row), Int32(unitGroups.lowerBound), Int32(unitGroups.upperBound), limit, alpha,
            out.rowPointer(target))
    }

    /// y[row][columns] += weight * x[source][column...].
    public func addScaled(
        _ y: FloatMatrix, row: Int, columns: Range<Int>, _ x: FloatMatrix, row source: Int, column: Int, weight: Float
    ) {
        precondition(columns.upperBound <= y.stride && column + columns.count <= x.stride, "columns of both")
        unsafe table.scale_add(
            y.rowPointer(row) + columns.lowerBound, x.rowPointer(source) + column, weight,
            Int32(columns.count))
    }
}

/// Cosines and sines of the rotary embedding, one row per token of a step.
public struct RotaryTable: Sendable {
    /// [rows][headDim / 2].
    public let cosines: FloatMatrix
    /// [rows][headDim / 2].
    public let sines: FloatMatrix

    /// Room for `rows` tokens.
    public init(rows: Int, headDim: Int) throws(NumericsError) {
        cosines = try FloatMatrix(rows: rows, columns: headDim / 2)
        sines = try FloatMatrix(rows: rows, columns: headDim / 2)
    }
}
