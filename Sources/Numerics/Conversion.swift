import CKernels

/// Element types of the floating-point tensors that checkpoints hold.
public enum FloatElement: Sendable, Equatable {
    /// bfloat16.
    case bf16
    /// IEEE half precision.
    case f16
    /// IEEE single precision.
    case f32

    /// Bytes per element.
    public var byteCount: Int { self == .f32 ? 4 : 2 }

    var code: cc_element {
        switch self {
        case .bf16: CC_BF16
        case .f16: CC_F16
        case .f32: CC_F32
        }
    }
}

/// The order in which a matrix's source rows appear in row groups of 16.
public enum RowOrder: Sendable, Equatable {
    /// As they are.
    case plain
    /// Interleaved gates and ups (2j and 2j + 1) become pairs of groups: 16 gates, then the 16 ups of the same units.
    case interleavedPairs

    var code: cc_row_order { self == .plain ? CC_ROWS_PLAIN : CC_ROWS_INTERLEAVED }

    /// The row groups that `rows` source rows need; units are padded to 16 before they are split into gates and ups.
    public func groups(rows: Int) -> Int {
        self == .plain ? (rows + 15) / 16 : (rows / 2 + 15) / 16 * 2
    }

    /// The source row at row `row` of the padded result (it may be at or past the last source row: padding).
    public func sourceRow(of row: Int) -> Int {
        switch self {
        case .plain: row
        case .interleavedPairs: 2 * (row / 32 * 16 + row % 16) + row / 16 % 2
        }
    }
}

/// What quantising did to the values of a tensor.
public struct QuantizationError: Sendable, Equatable {
    /// Sum of (value - stored value)^2.
    public var squaredError = 0.0
    /// Sum of value^2.
    public var squaredSum = 0.0
    /// Groups of 32 values that are not stored exactly.
    public var inexactGroups = 0
    /// Groups of 32 values in all.
    public var groups = 0
    /// Values that are NaN or infinite, which no quantised format holds.
    public var notFiniteValues = 0

    /// Nothing quantised yet.
    public init() {}

    /// Root mean square of the error over that of the values; 0 when every value is exact.
    public var relativeRootMeanSquare: Double {
        squaredError == 0 || squaredSum == 0 ? 0 : (squaredError / squaredSum).squareRoot()
    }

    /// Adds another part of the same tensor.
    public mutating func add(_ other: QuantizationError) {
        squaredError += other.squaredError
        squaredSum += other.squaredSum
        inexactGroups += other.inexactGroups
        groups += other.groups
        notFiniteValues += other.notFiniteValues
    }

    init(_ error: cc_error) {
        squaredError = error.squared_error
        squaredSum = error.squared_sum
        inexactGroups = Int(error.inexact_groups)
        groups = Int(error.groups)
        notFiniteValues = Int(error.not_finite)
    }
}

/// Loops that turn a checkpoint's tensors into the kernels' layouts (drawn in `CKernels.h`). Buffers are plain byte
/// arrays, checked for size here; the work is done in C on the calling thread.
public enum Conversion {
    /// MXFP4 rows [rows][kBlocks][16] with scales [rows][kBlocks] to all row groups of the matrix, value-exactly.
    ///
    /// Results start at index 0 of `outBlocks` [groups][kBlocks][256] and `outScales` [groups][kBlocks][16].
    public static func packMXFP4(
        blocks: [UInt8], scales: [UInt8], rows: Int, kBlocks: Int, order: RowOrder,
        outBlocks: inout [UInt8], outScales: inout [UInt8]
    ) {
        let groups = order.groups(rows: rows)
        precondition(blocks.count >= rows * kBlocks * 16 && scales.count >= rows * kBlocks, "source too small")
        precondition(
            outBlocks.count >= groups * kBlocks * 256 && outScales.count >= groups * kBlocks * 16, "target too small")
        unsafe cc_mxfp4_pack(blocks, scales, rows, kBlocks, order.code, 0, groups, &outBlocks, &outScales)
    }

    /// Transposed values [32 * kBlocks][rows] to MXFP4 row groups; the scales of least squared error.
    ///
    /// Results start at index 0 of `outBlocks` [groups][kBlocks][256] and `outScales` [groups][kBlocks][16].
    public static func quantizeMXFP4Transposed(
        _ source: [UInt8], _ element: FloatElement, rows: Int, kBlocks: Int, order: RowOrder,
        outBlocks: inout [UInt8], outScales: inout [UInt8]
    ) -> QuantizationError {
        let groups = order.groups(rows: rows)
        precondition(source.count >= rows * kBlocks * 32 * element.byteCount, "source too small")
        precondition(
            outBlocks.count >= groups * kBlocks * 256 && outScales.count >= groups * kBlocks * 16, "target too small")
        var error = cc_error()
        unsafe source.withUnsafeBytes { bytes in
            unsafe cc_quantize_mxfp4_transposed(
                bytes.baseAddress, element.code, rows, kBlocks, order.code, groups, &outBlocks, &outScales, &error)
        }
        return QuantizationError(error)
    }

    /// 32 values to an MXFP4 block in checkpoint order (byte i: element 2i low, 2i + 1 high) and its scale byte.
    public static func quantizeMXFP4Block(
        _ values: [Float]
    ) -> (block: [UInt8], scale: UInt8, error: QuantizationError) {
        precondition(values.count == 32, "a block has 32 values")
        var block = [UInt8](repeating: 0, count: 16)
        var error = cc_error()
        let scale = unsafe cc_quantize_mxfp4_block(values, &block, &error)
        return (block, scale, QuantizationError(error))
    }

    /// The 32 values of an MXFP4 block in checkpoint order.
    public static func decodeMXFP4Block(_ block: [UInt8], scale: UInt8) -> [Float] {
        precondition(block.count == 16, "a block has 16 bytes")
        var values = [Float](repeating: 0, count: 32)
        unsafe cc_decode_mxfp4_block(block, scale, &values)
        return values
    }

    /// Rows [rows][32 * kBlocks] to int8 row groups: `outValues` [groups][kBlocks][512], `outScales` half floats
    /// [groups][kBlocks][16] as bytes.
    public static func quantizeInt8(
        _ source: [UInt8], _ element: FloatElement, rows: Int, kBlocks: Int,
        outValues: inout [UInt8], outScales: inout [UInt8]
    ) -> QuantizationError {
        let groups = RowOrder.plain.groups(rows: rows)
        precondition(source.count >= rows * kBlocks * 32 * element.byteCount, "source too small")
        precondition(
            outValues.count >= groups * kBlocks * 512 && outScales.count >= groups * kBlocks * 32, "target too small")
        var error = cc_error()
        unsafe source.withUnsafeBytes { bytes in
            unsafe outScales.withUnsafeMutableBytes { scales in
                unsafe cc_quantize_int8(
                    bytes.baseAddress, element.code, rows, kBlocks, &outValues,
                    scales.bindMemory(to: UInt16.self).baseAddress, &error)
            }
        }
        return QuantizationError(error)
    }

    /// Rows [rows][columns] (columns even) to bfloat16 row groups [groups][columns / 2][16][2].
    /// - Returns: how many values bfloat16 cannot hold exactly.
    public static func packBF16(
        _ source: [UInt8], _ element: FloatElement, rows: Int, columns: Int, out: inout [UInt8]
    ) -> Int {
        let groups = RowOrder.plain.groups(rows: rows)
        precondition(columns % 2 == 0 && source.count >= rows * columns * element.byteCount, "source too small")
        precondition(out.count >= groups * columns * 32, "target too small")
        return unsafe source.withUnsafeBytes { bytes in
            unsafe out.withUnsafeMutableBytes { target in
                Int(
                    unsafe cc_pack_bf16(
                        bytes.baseAddress, element.code, rows, columns,
                        target.bindMemory(to: UInt16.self).baseAddress))
            }
        }
    }

    /// `count` values to bfloat16, in place order.
    /// - Returns: how many values bfloat16 cannot hold exactly.
    public static func toBF16(_ source: [UInt8], _ element: FloatElement, count: Int, out: inout [UInt8]) -> Int {
        precondition(source.count >= count * element.byteCount && out.count >= count * 2, "buffer too small")
        return unsafe source.withUnsafeBytes { bytes in
            unsafe out.withUnsafeMutableBytes { target in
                Int(
                    unsafe cc_to_bf16(
                        bytes.baseAddress, element.code, count, target.bindMemory(to: UInt16.self).baseAddress))
            }
        }
    }

    /// `count` values from the start of `source` to floats, exactly.
    public static func toFloats(_ source: [UInt8], _ element: FloatElement, count: Int) -> [Float] {
        precondition(source.count >= count * element.byteCount, "source too small")
        var values = [Float](repeating: 0, count: count)
        unsafe source.withUnsafeBytes { bytes in
            unsafe cc_to_f32(bytes.baseAddress, element.code, count, &values)
        }
        return values
    }

    /// The little-endian bytes of floats.
    public static func bytes(of values: [Float]) -> [UInt8] {
        unsafe values.withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// MXFP4 rows in checkpoint order to transposed bfloat16 [32 * kBlocks][rows], exactly (scales up to 252).
    public static func decodeMXFP4Transposed(
        blocks: [UInt8], scales: [UInt8], rows: Int, kBlocks: Int, out: inout [UInt8]
    ) {
        precondition(blocks.count >= rows * kBlocks * 16 && scales.count >= rows * kBlocks, "source too small")
        precondition(out.count >= rows * kBlocks * 64, "target too small")
        unsafe out.withUnsafeMutableBytes { target in
            unsafe cc_decode_mxfp4_transposed(
                blocks, scales, rows, kBlocks, target.bindMemory(to: UInt16.self).baseAddress)
        }
    }
}

/// Pseudo-random weights: any part of a seed's stream can be made alone, so the result does not depend on threads.
public enum RandomWeights {
    /// Fills the first `count` (a multiple of 8) bytes of `out` with bytes `position`... of the stream; `position` is a
    /// multiple of 8.
    public static func fillBytes(seed: UInt64, position: Int, count: Int, out: inout [UInt8]) {
        precondition(count % 8 == 0 && position % 8 == 0 && count <= out.count, "whole words only")
        unsafe out.withUnsafeMutableBytes { bytes in
            unsafe cc_random_words(
                seed, UInt64(position / 8), count / 8, bytes.bindMemory(to: UInt64.self).baseAddress)
        }
    }

    /// Fills the start of `out` with `count` bfloat16 values, about normal, from value `position` of the stream on.
    public static func fillBF16(
        seed: UInt64, position: Int, count: Int, deviation: Float, mean: Float, out: inout [UInt8]
    ) {
        precondition(count * 2 <= out.count, "buffer too small")
        unsafe out.withUnsafeMutableBytes { bytes in
            unsafe cc_random_bf16(
                seed, UInt64(position), count, deviation, mean, bytes.bindMemory(to: UInt16.self).baseAddress)
        }
    }

    /// Fills the start of `out` with `count` MXFP4 scale bytes around `base`.
    public static func fillScales(seed: UInt64, position: Int, count: Int, base: UInt8, out: inout [UInt8]) {
        precondition(count <= out.count, "buffer too small")
        unsafe cc_random_scales(seed, UInt64(position), count, base, &out)
    }
}
