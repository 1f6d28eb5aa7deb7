import CKernels

/// How much a tensor differs from another one of its shape.
public struct TensorDifference: Sendable, Equatable {
    /// Sum of (value - base value)^2: 0 only if all are equal, infinite where one is no number.
    public var squaredDifference = 0.0
    /// Sum of (base value)^2.
    public var squaredSum = 0.0

    /// Nothing compared yet.
    public init() {}

    /// Whether all values are equal, in whatever bytes.
    public var isNone: Bool { squaredDifference == 0 }

    /// Root mean square of the difference over that of the base; nil when the base is zero or something is no number.
    public var relativeRootMeanSquare: Double? {
        let ratio = (squaredDifference / squaredSum).squareRoot()
        return isNone ? 0 : squaredDifference.isFinite && squaredSum.isFinite && squaredSum > 0 ? ratio : nil
    }

    /// Adds another part of the same tensor.
    public mutating func add(_ other: TensorDifference) {
        squaredDifference += other.squaredDifference
        squaredSum += other.squaredSum
    }

    init(_ difference: cc_difference) {
        squaredDifference = difference.squared_difference
        squaredSum = difference.squared_sum
    }
}

/// Loops that compare tensors in the kernels' layouts (drawn in `CKernels.h`) by their values. Buffers are checked for size
/// here; the work is done in C on the calling thread.
public enum Comparison {
    /// Weights and their scales.
    public typealias Quantized = (weights: [UInt8], scales: [UInt8])

    /// Compares the first `blocks` MXFP4 blocks of 16 rows and 32 columns.
    public static func mxfp4(_ other: Quantized, base: Quantized, blocks: Int) -> TensorDifference {
        check(other, base, weights: blocks * 256, scales: blocks * 16)
        var difference = cc_difference()
        unsafe cc_compare_mxfp4(base.weights, base.scales, other.weights, other.scales, blocks, &difference)
        return TensorDifference(difference)
    }

    /// Compares the first `blocks` int8 blocks of 16 rows and 32 columns; scales are the bytes of half floats.
    public static func int8(_ other: Quantized, base: Quantized, blocks: Int) -> TensorDifference {
        check(other, base, weights: blocks * 512, scales: blocks * 32)
        var difference = cc_difference()
        unsafe base.scales.withUnsafeBytes { baseScales in
            unsafe other.scales.withUnsafeBytes { otherScales in
                unsafe cc_compare_int8(
                    base.weights, baseScales.bindMemory(to: UInt16.self).baseAddress, other.weights,
                    otherScales.bindMemory(to: UInt16.self).baseAddress, blocks, &difference)
            }
        }
        return TensorDifference(difference)
    }

    /// Compares the first `count` values.
    public static func floats(
        _ other: [UInt8], base: [UInt8], _ element: FloatElement, count: Int
    ) -> TensorDifference {
        let byteCount = count * element.byteCount
        precondition(base.count >= byteCount && other.count >= byteCount, "buffer too small")
        var difference = cc_difference()
        unsafe base.withUnsafeBytes { base in
            unsafe other.withUnsafeBytes { other in
                unsafe cc_compare(base.baseAddress, other.baseAddress, element.code, count, &difference)
            }
        }
        return TensorDifference(difference)
    }

    private static func check(_ other: Quantized, _ base: Quantized, weights: Int, scales: Int) {
        precondition(base.weights.count >= weights && other.weights.count >= weights, "weights too small")
        precondition(base.scales.count >= scales && other.scales.count >= scales, "scales too small")
    }
}
