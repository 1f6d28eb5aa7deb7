import CKernels
import TestSupport
import Testing

/// What the kernels promise beyond closeness, on every set that this machine can run. (`KernelChecks` compares all of
/// them with double arithmetic.)
@Suite("Kernel tables") struct KernelTableTests {
    static let kinds = [CK_MXFP4, CK_INT8, CK_BF16]
    static let activations = [CK_ACT_F32, CK_ACT_BF16, CK_ACT_Q16, CK_ACT_Q8]
    /// At, below and above the tiles of every set.
    static let tokenCounts = [1, 2, 3, 5, 6, 8, 12, 13, 16, 17, 33]

    @Test("the best set can be run, and names that no set has are refused")
    func selection() throws {
        let best = try #require(KernelTable(""))
        #expect(KernelTable.available.contains(best.name))
        #expect(KernelTable.available.contains("scalar"))
        for name in ["avx1024", "AVX2", "avx51"] { #expect(KernelTable(name) == nil) }
    }

    @Test(
        "every product of every set is there, and so is a choice for each precision",
        arguments: KernelTable.available)
    func completeness(name: String) throws {
        let table = try #require(KernelTable(name))
        #expect(table.name == name)
        for kind in Self.kinds {
            for activation in Self.activations { #expect(unsafe table.matmul(kind, activation) != nil) }
        }
        let fast = unsafe [table.kernels.fast.0, table.kernels.fast.1, table.kernels.fast.2]
        let int8 = unsafe [table.kernels.int8.0, table.kernels.int8.1, table.kernels.int8.2]
        #expect((fast + int8).allSatisfy { $0.threshold > 0 })
        // Eight bits belong to the precision named after them, and never to bf16 weights.
        #expect((fast + int8[2...]).allSatisfy { $0.small != CK_ACT_Q8 && $0.large != CK_ACT_Q8 })
    }

    /// One k block of one row group: row r holds code r in `column` and nothing elsewhere.
    private func oneHot(column: Int, scale: UInt8) -> KernelMatrix {
        let matrix = KernelMatrix(CK_MXFP4, rowGroups: 1, columns: 32)
        let byte = [0, 2, 1, 3][column % 4]
        for row in 0..<16 {
            let code = UInt8(row)
            matrix.weights[column % 16 / 4 * 64 + row * 4 + byte] = column < 16 ? code : code << 4
            matrix.scales[row] = scale
        }
        return matrix
    }

    /// The value one in `column`, exactly, in any form.
    private func one(_ kind: ck_activation_kind, column: Int) -> KernelActivations {
        let x = KernelActivations(kind, tokens: 1, columns: 32)
        switch kind {
        case CK_ACT_F32: x.memory[column] = Float(1)
        case CK_ACT_BF16: x.memory[column] = UInt16(0x3f80)
        default:
            // The last plane, scale and offset of a block of fixed point.
            let plane = kind == CK_ACT_Q16 ? 32 : 0
            x.memory[plane + column / 4 * 4 + [0, 2, 1, 3][column % 4]] = Int8(1)
            x.memory[plane / 4 + 8] = Float(1)
            x.memory[plane / 4 + 9] = Int32(-128)
        }
        return x
    }

    @Test(
        "every MXFP4 code under every scale is exact, subnormal numbers included", arguments: KernelTable.available,
        activations)
    func everyCode(name: String, activation: ck_activation_kind) throws {
        let table = try #require(KernelTable(name))
        // 256 scale bytes by 16 codes, behind the header of a safetensors file.
        let file = KernelMemory(try fixtureBytes("numerics/golden/mxfp4_table.safetensors"))
        let headerBytes: UInt64 = file[0]
        let first = (8 + Int(headerBytes)) / 4
        try #require((8 + Int(headerBytes)) % 4 == 0)
        // Bytes 253 and above overflow for the largest codes.
        for scale in 0...252 {
            // Every column under a few scales, one column under all.
            let columns = scale % 50 < 3 ? Array(0..<32) : [scale % 32]
            for column in columns {
                let matrix = oneHot(column: column, scale: UInt8(scale))
                let out = try matrix.multiply(one(activation, column: column), table: table)
                let expected: [Float] = (0..<16).map { file[first + scale * 16 + $0] }
                try #require(out == expected, "scale byte \(scale), column \(column)")
            }
        }
    }

    @Test("results agree with the scalar set's on the model's widths", arguments: KernelTable.available, kinds)
    func agreement(name: String, kind: ck_weight_kind) throws {
        let table = try #require(KernelTable(name))
        let scalar = try #require(KernelTable("scalar"))
        for columns in [2880, 4096] {
            let matrix = KernelMatrix.random(kind, rowGroups: 3, columns: columns, seed: 1)
            var random = Random(2)
            let values = random.normals(3 * columns)
            for activation in Self.activations {
                let x = KernelActivations(activation, values, columns: columns, table: scalar)
                let expected = try matrix.multiply(x, table: scalar)
                let out = try matrix.multiply(x, table: table)
                let largest = expected.map(abs).max() ?? 0
                // The AMX set rounds int8 weights to bf16 after scaling.
                let tolerance: Float = name == "amx" && kind == CK_INT8 && activation == CK_ACT_BF16 ? 5e-3 : 3e-6
                for (index, pair) in zip(out, expected).enumerated() {
                    guard abs(pair.0 - pair.1) <= tolerance * largest else {
                        Issue.record("\(columns) columns, \(activation): [\(index)] is \(pair.0), expected \(pair.1)")
                        break
                    }
                }
            }
        }
    }

    @Test(
        "a result has the same bits whatever tokens and row groups are computed with it",
        arguments: KernelTable.available, kinds)
    func independence(name: String, kind: ck_weight_kind) throws {
        let table = try #require(KernelTable(name))
        let columns = 160
        let matrix = KernelMatrix.random(kind, rowGroups: 5, columns: columns, seed: 3)
        var random = Random(4)
        let values = random.normals(33 * columns)
        // Fixed point has this property beyond the contract: its sums are exact.
        for activation in [CK_ACT_F32, CK_ACT_Q16, CK_ACT_Q8] {
            let x = KernelActivations(activation, values, columns: columns, table: table)
            let all = try matrix.multiply(x, table: table).map(\.bitPattern)
            for count in Self.tokenCounts {
                let first = (33 - count) / 2
                for range in [0..<5, 1..<2, 2..<5] {
                    let part = try matrix.multiply(x, table: table, tokens: first..<first + count, range: range)
                    for token in 0..<count {
                        let rows = range.lowerBound * 16..<range.upperBound * 16
                        let got = rows.map { part[token * 80 + $0].bitPattern }
                        try #require(
                            got == rows.map { all[(first + token) * 80 + $0] },
                            "\(activation), \(count) tokens, row groups \(range), token \(token)")
                    }
                }
            }
        }
    }

    @Test("a token that is not a number spoils its own results only", arguments: KernelTable.available, kinds)
    func notANumber(name: String, kind: ck_weight_kind) throws {
        let table = try #require(KernelTable(name))
        let matrix = KernelMatrix.random(kind, rowGroups: 3, columns: 96, seed: 5)
        var random = Random(6)
        let clean = random.normals(17 * 96)
        for bad in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
            var values = clean
            values[4 * 96 + 37] = bad
            for activation in Self.activations {
                let expected = try matrix.multiply(
                    KernelActivations(activation, clean, columns: 96, table: table), table: table)
                let out = try matrix.multiply(
                    KernelActivations(activation, values, columns: 96, table: table), table: table)
                for token in 0..<17 where token != 4 {
                    let rows = token * 48..<(token + 1) * 48
                    #expect(out[rows].elementsEqual(expected[rows]), "\(activation), \(bad), token \(token)")
                }
                // Fixed point takes it for zero.
                if activation == CK_ACT_F32 || activation == CK_ACT_BF16, bad.isNaN {
                    let spoiled = out[4 * 48..<5 * 48].count { $0.isNaN }
                    #expect(spoiled == 48, "\(activation)")
                }
            }
        }
    }

    @Test(
        "every set makes the same fixed point of any input, numbers or not", arguments: KernelTable.available,
        [CK_ACT_Q16, CK_ACT_Q8])
    func fixedPoint(name: String, activation: ck_activation_kind) throws {
        let table = try #require(KernelTable(name))
        let scalar = try #require(KernelTable("scalar"))
        var random = Random(7)
        let special: [Float] = [
            .greatestFiniteMagnitude, .leastNonzeroMagnitude, 1e-38, -1e-34, 0, -0.0, 1, .nan, .infinity, -.infinity,
        ]
        for round in 0..<400 {
            let values = (0..<32).map { _ in
                let size = Float(sign: .plus, exponent: Int(random.next() % 200) - 100, significand: 1)
                return round % 2 == 1 && random.next() % 4 == 0
                    ? special[Int(random.next()) % special.count] : random.normal() * size
            }
            let found = KernelActivations(activation, values, columns: 32, table: table)
            let expected = KernelActivations(activation, values, columns: 32, table: scalar)
            let bytes = { (x: KernelActivations) in (0..<x.stride).map { x.memory[$0] as UInt8 } }
            try #require(bytes(found) == bytes(expected), "round \(round): \(values)")
        }
    }
}
