import OutcropNumerics
import Testing

@Suite("Comparison")
struct ComparisonTests {
    private typealias Random = ConversionTests.Random

    private static let table: [Double] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6]

    private static func power(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }

    /// All values of MXFP4 blocks by the drawing in CKernels.h, in any order that is always the same.
    private static func mxfp4(_ tensor: Comparison.Quantized) -> [Double] {
        tensor.weights.enumerated().flatMap { index, byte in
            let unit = power(Int(tensor.scales[index / 256 * 16 + index % 64 / 4]) - 127)
            return [table[Int(byte & 15)] * unit, table[Int(byte >> 4)] * unit]
        }
    }

    private static func int8(_ tensor: Comparison.Quantized) -> [Double] {
        let scales = Conversion.toFloats(tensor.scales, .f16, count: tensor.scales.count / 2)
        return tensor.weights.enumerated().map { index, byte in
            (Double(byte) - 128) * Double(scales[index / 512 * 16 + index % 64 / 4])
        }
    }

    private func expect(_ found: TensorDifference, _ values: [Double], _ base: [Double]) {
        let squares = zip(values, base).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let sum = base.reduce(0.0) { $0 + $1 * $1 }
        #expect(abs(found.squaredDifference - squares) <= 1e-12 * squares)
        #expect(abs(found.squaredSum - sum) <= 1e-12 * sum)
        #expect(found.isNone == (values == base))
    }

    private func bytes(_ count: Int, _ random: inout Random, _ range: ClosedRange<UInt8> = 0...255) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: range, using: &random) }
    }

    @Test("MXFP4 blocks are compared by their values", arguments: 0..<40)
    func blocks(seed: Int) {
        var random = Random(state: UInt64(seed))
        let count = Int.random(in: 1...5, using: &random)
        // Scales near each other and far apart.
        let range: ClosedRange<UInt8> = seed % 2 == 0 ? 118...122 : 1...250
        let base = (weights: bytes(count * 256, &random), scales: bytes(count * 16, &random, range))
        var other = base
        expect(Comparison.mxfp4(other, base: base, blocks: count), Self.mxfp4(other), Self.mxfp4(base))
        other.weights[Int.random(in: 0..<count * 256, using: &random)] ^= 0x11
        expect(Comparison.mxfp4(other, base: base, blocks: count), Self.mxfp4(other), Self.mxfp4(base))
        other = (weights: bytes(count * 256, &random), scales: bytes(count * 16, &random, range))
        expect(Comparison.mxfp4(other, base: base, blocks: count), Self.mxfp4(other), Self.mxfp4(base))
    }

    @Test("equal values are equal in whatever bytes, a zero's sign included")
    func encodings() {
        var random = Random(state: 7)
        // Codes 0 to 4 are 0, 0.5, 1, 1.5, 2; 0, 2, 4, 5 and 6 are their doubles.
        let doubled: [UInt8] = [0, 2, 4, 5, 6]
        for scale: UInt8 in [1, 100, 254] {
            let codes = bytes(512, &random, 0...4)
            let signs = bytes(512, &random, 0...1)
            var (base, other): ([UInt8], [UInt8]) = ([], [])
            for index in stride(from: 0, to: 512, by: 2) {
                base.append(codes[index] | signs[index] << 3 | codes[index + 1] << 4)
                let high: UInt8 = codes[index + 1] == 0 ? 0x80 : doubled[Int(codes[index + 1])] << 4
                other.append(doubled[Int(codes[index])] | signs[index] << 3 | high)
            }
            let difference = Comparison.mxfp4(
                (other, [UInt8](repeating: scale - 1, count: 16)), base: (base, [UInt8](repeating: scale, count: 16)),
                blocks: 1)
            #expect(base != other && difference.isNone && difference.squaredSum > 0)
            #expect(difference.relativeRootMeanSquare == 0)
        }
    }

    @Test("int8 blocks are compared by their values", arguments: 0..<20)
    func int8Blocks(seed: Int) {
        var random = Random(state: UInt64(seed))
        let count = Int.random(in: 1...5, using: &random)
        func tensor(_ random: inout Random) -> Comparison.Quantized {
            // The high bytes of half floats from 2^-14 to 1.
            let scales = (0..<count * 16).flatMap { _ in
                [UInt8.random(in: 0...255, using: &random), UInt8.random(in: 4...59, using: &random)]
            }
            return (bytes(count * 512, &random, 1...255), scales)
        }
        let base = tensor(&random)
        var other = base
        expect(Comparison.int8(other, base: base, blocks: count), Self.int8(other), Self.int8(base))
        let index = Int.random(in: 0..<count * 512, using: &random)
        other.weights[index] = other.weights[index] == 255 ? 254 : other.weights[index] + 1
        expect(Comparison.int8(other, base: base, blocks: count), Self.int8(other), Self.int8(base))
        other = tensor(&random)
        expect(Comparison.int8(other, base: base, blocks: count), Self.int8(other), Self.int8(base))
    }

    @Test("plain numbers are compared; what is no number differs from everything but its own bits")
    func numbers() {
        let base: [Float] = [1, -2, 0, 4, .nan, .infinity]
        func difference(_ values: [Float], _ base: [Float]) -> TensorDifference {
            Comparison.floats(
                Conversion.bytes(of: values), base: Conversion.bytes(of: base), .f32, count: values.count)
        }
        #expect(difference(base, base).isNone)
        #expect(difference([1, -2, -0.0, 4], Array(base[..<4])).isNone)
        let some = difference([1, -1, 0, 7], Array(base[..<4]))
        #expect(some.squaredDifference == 10 && some.squaredSum == 21)
        #expect(some.relativeRootMeanSquare == (10.0 / 21.0).squareRoot())
        for values: [Float] in [[.nan], [.infinity]] {
            #expect(difference(values, [1]).squaredDifference == .infinity)
            #expect(difference([1], values).relativeRootMeanSquare == nil)
        }
        #expect(difference([1], [0]).relativeRootMeanSquare == nil)
        var sum = some
        sum.add(some)
        #expect(sum.squaredDifference == 20 && sum.squaredSum == 42)
    }
}
