import OutcropNumerics
import Testing

@Suite("Conversion")
struct ConversionTests {
    /// A fixed sequence, so that failures repeat.
    struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
        mutating func normal() -> Float {
            (0..<12).reduce(Float(-6)) { sum, _ in sum + Float(UInt32(truncatingIfNeeded: next()) >> 8) / 0x1p24 }
        }
    }

    private static let table: [Double] = [0, 0.5, 1, 1.5, 2, 3, 4, 6]

    /// The least squared error of any scale byte, by trying all of them.
    private func bestError(_ values: [Float]) -> Double {
        (0...252).map { scale in
            let unit = Double(sign: .plus, exponent: scale - 127, significand: 1)
            return values.reduce(0.0) { sum, value in
                sum + Self.table.map { pow2(Double(abs(value)) - $0 * unit) }.min()!
            }
        }.min()!
    }

    private func pow2(_ x: Double) -> Double { x * x }

    private func error(_ values: [Float], _ decoded: [Float]) -> Double {
        zip(values, decoded).reduce(0) { $0 + pow2(Double($1.0) - Double($1.1)) }
    }

    @Test("a block that MXFP4 holds comes back value by value", arguments: [0, 1, 2, 3, 60, 120, 127, 200, 250, 252])
    func exactBlocks(scale: Int) {
        var random = Random(state: UInt64(scale))
        for round in 0..<300 {
            // Some rounds leave the large codes out, so that the scale is ambiguous.
            let largest = UInt8(round % 8)
            let block = (0..<16).map { _ in
                (UInt8.random(in: 0...largest, using: &random) | UInt8.random(in: 0...1, using: &random) << 3)
                    | (UInt8.random(in: 0...largest, using: &random) | UInt8.random(in: 0...1, using: &random) << 3)
                    << 4
            }
            let values = Conversion.decodeMXFP4Block(block, scale: UInt8(scale))
            let result = Conversion.quantizeMXFP4Block(values)
            let back = Conversion.decodeMXFP4Block(result.block, scale: result.scale)
            #expect(back.map(\.bitPattern) == values.map(\.bitPattern), "scale \(scale) round \(round)")
            #expect(result.error.inexactGroups == 0 && result.error.squaredError == 0)
            if block.contains(where: { $0 & 7 >= 6 || $0 >> 4 & 7 >= 6 }) {
                #expect(result.scale == UInt8(scale) && result.block == block)
            }
        }
    }

    @Test("every other block gets the scale of least squared error", arguments: [-149, -120, -30, -6, 0, 40, 120])
    func leastSquares(exponent: Int) {
        var random = Random(state: UInt64(exponent + 1000))
        let size = Float(sign: .plus, exponent: exponent, significand: 1)
        for round in 0..<200 {
            var values = (0..<32).map { _ in random.normal() * size }
            if round % 3 == 0 { values[round % 32] *= 20 }
            if round % 7 == 0 { for i in 1..<32 { values[i] *= 0.01 } }
            let result = Conversion.quantizeMXFP4Block(values)
            let found = error(values, Conversion.decodeMXFP4Block(result.block, scale: result.scale))
            let best = bestError(values)
            #expect(found <= best * 1.00001, "round \(round): \(found) against \(best)")
            #expect(abs(result.error.squaredError - found) <= found * 1e-5)
        }
    }

    @Test("values that are not finite are counted and stored as zero")
    func notFinite() {
        var values = [Float](repeating: 1, count: 32)
        values[3] = .nan
        values[7] = -.infinity
        let result = Conversion.quantizeMXFP4Block(values)
        #expect(result.error.notFiniteValues == 2)
        let back = Conversion.decodeMXFP4Block(result.block, scale: result.scale)
        #expect(back[3] == 0 && back[7] == 0 && back[0] == 1)
    }

    @Test(
        "transposed quantising agrees with block by block", arguments: [RowOrder.plain, .interleavedPairs],
        [2, 30, 32, 96])
    func transposed(order: RowOrder, rows: Int) {
        var random = Random(state: UInt64(rows))
        let kBlocks = 3
        let values = (0..<rows * kBlocks * 32).map { _ in random.normal() }
        let groups = order.groups(rows: rows)
        var blocks = [UInt8](repeating: 0xAA, count: groups * kBlocks * 256)
        var scales = [UInt8](repeating: 0xAA, count: groups * kBlocks * 16)
        _ = Conversion.quantizeMXFP4Transposed(
            Conversion.bytes(of: values), .f32, rows: rows, kBlocks: kBlocks, order: order, outBlocks: &blocks,
            outScales: &scales)
        var rowBlocks: [UInt8] = []
        var rowScales: [UInt8] = []
        for row in 0..<rows {
            for k in 0..<kBlocks {
                let result = Conversion.quantizeMXFP4Block((0..<32).map { values[(k * 32 + $0) * rows + row] })
                rowBlocks += result.block
                rowScales.append(result.scale)
            }
        }
        var packed = [UInt8](repeating: 0x55, count: blocks.count)
        var packedScales = [UInt8](repeating: 0x55, count: scales.count)
        Conversion.packMXFP4(
            blocks: rowBlocks, scales: rowScales, rows: rows, kBlocks: kBlocks, order: order, outBlocks: &packed,
            outScales: &packedScales)
        #expect(blocks == packed)
        #expect(scales == packedScales)
        // And back: decoding the row-major blocks transposed gives the nearest grid values.
        var decoded = [UInt8](repeating: 0, count: rows * kBlocks * 64)
        Conversion.decodeMXFP4Transposed(
            blocks: rowBlocks, scales: rowScales, rows: rows, kBlocks: kBlocks, out: &decoded)
        let back = Conversion.toFloats(decoded, .bf16, count: rows * kBlocks * 32)
        for row in 0..<rows {
            for k in 0..<kBlocks {
                let index = row * kBlocks + k
                let block = Conversion.decodeMXFP4Block(
                    Array(rowBlocks[index * 16..<index * 16 + 16]), scale: rowScales[index])
                for i in 0..<32 { #expect(back[(k * 32 + i) * rows + row] == block[i]) }
            }
        }
    }

    @Test("int8 groups round to nearest, for every source type", arguments: [FloatElement.f32, .bf16, .f16])
    func int8(element: FloatElement) {
        var random = Random(state: 5)
        for size in [Float(1e-9), 1e-4, 0.02, 1, 300] {
            var values = (0..<3 * 64).map { _ in random.normal() * size }
            values[0..<32] = ArraySlice(repeating: 0, count: 32)
            let bytes = Self.encode(values, element)
            let stored = Conversion.toFloats(bytes, element, count: values.count)
            var out = [UInt8](repeating: 0, count: 2 * 512)
            var scaleBytes = [UInt8](repeating: 0, count: 2 * 32)
            let error = Conversion.quantizeInt8(
                bytes, element, rows: 3, kBlocks: 2, outValues: &out, outScales: &scaleBytes)
            let scales = Conversion.toFloats(scaleBytes, .f16, count: 32)
            var squares = 0.0
            for row in 0..<16 {
                for k in 0..<2 {
                    for i in 0..<32 {
                        let byte = out[k * 512 + i / 4 * 64 + row * 4 + [0, 2, 1, 3][i % 4]]
                        let decoded = (Float(byte) - 128) * scales[k * 16 + row]
                        let want = row < 3 ? stored[row * 64 + k * 32 + i] : 0
                        #expect(byte != 0)
                        #expect(abs(decoded - want) <= scales[k * 16 + row] * 0.54)
                        squares += pow2(Double(want) - Double(decoded))
                    }
                }
            }
            #expect(abs(squares - error.squaredError) <= squares * 1e-4)
            #expect(error.groups == 6)
        }
    }

    /// Values in an element type, rounded toward zero.
    private static func encode(_ values: [Float], _ element: FloatElement) -> [UInt8] {
        switch element {
        case .f32: return Conversion.bytes(of: values)
        case .bf16:
            return values.flatMap { value -> [UInt8] in
                let bits = UInt16(value.bitPattern >> 16)
                return [UInt8(bits & 255), UInt8(bits >> 8)]
            }
        case .f16:
            return values.flatMap { value -> [UInt8] in
                let bits = Float16(value).bitPattern
                return [UInt8(bits & 255), UInt8(bits >> 8)]
            }
        }
    }

    @Test("bfloat16 rows say how many values do not fit")
    func packBF16() {
        let values: [Float] = [1, 0.1, -2, 3.140625] + [Float](repeating: 0.5, count: 28)
        var out = [UInt8](repeating: 0, count: 32 * 32)
        let inexact = Conversion.packBF16(Conversion.bytes(of: values), .f32, rows: 1, columns: 32, out: &out)
        #expect(inexact == 1)
        let stored = Conversion.toFloats(out, .bf16, count: 512)
        #expect(stored[0] == 1 && stored[32] == -2 && stored[33] == 3.140625 && stored[2] == 0)
        #expect(abs(stored[1] - 0.1) < 0.0005)
    }

    @Test("half floats convert exactly, all 65,536 of them")
    func halves() {
        let bytes = (0..<65_536).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let values = Conversion.toFloats(bytes, .f16, count: 65_536)
        for bits in 0..<65_536 {
            let want = Float(Float16(bitPattern: UInt16(bits)))
            #expect(values[bits] == want || (values[bits].isNaN && want.isNaN), "\(bits)")
        }
    }

    @Test("random weights are the same in any parts, and normal enough")
    func randomWeights() {
        var whole = [UInt8](repeating: 0, count: 20_000)
        RandomWeights.fillBF16(seed: 9, position: 0, count: 10_000, deviation: 0.5, mean: 1, out: &whole)
        var part = [UInt8](repeating: 0, count: 2_000)
        RandomWeights.fillBF16(seed: 9, position: 7_001, count: 1_000, deviation: 0.5, mean: 1, out: &part)
        #expect(Array(whole[14_002..<16_002]) == part)
        let values = Conversion.toFloats(whole, .bf16, count: 10_000)
        let mean = values.reduce(0, +) / 10_000
        let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 10_000
        #expect(abs(mean - 1) < 0.02 && abs(variance - 0.25) < 0.02)
    }
}
