import OutcropNumerics
import Testing

/// Storing and attending through the checked calls, against the definition in double arithmetic.
@Suite("Pages of keys and values") struct KeyValuePagesTests {
    private static let heads = 2
    private static let group = 3
    private static let headDim = 48
    private static let positions = 100
    private static var queryWidth: Int { heads * group * headDim }
    private static var keyValueWidth: Int { heads * headDim }

    /// How far a result may be off: what a type's rounding of keys and values to their number of bits can do.
    private func tolerance(_ type: KeyValueType) -> Double {
        switch type {
        case .f32: 1e-5
        case .f16: 5e-3
        case .int8: 5e-2
        }
    }

    private func randomRows() throws -> FloatMatrix {
        let rows = try FloatMatrix(rows: Self.positions, columns: Self.queryWidth + 2 * Self.keyValueWidth)
        var random = Random(5)
        for row in 0..<Self.positions {
            rows.withMutableRow(row) { values in for column in values.indices { values[column] = random.normal() } }
        }
        return rows
    }

    /// One query head of one row, over positions `visible`; the sink is 0.5.
    private func expected(_ rows: FloatMatrix, row: Int, head: Int, visible: Range<Int>) -> [Double] {
        let query = rows.array(row: row)[(head * Self.headDim)..<((head + 1) * Self.headDim)].map(Double.init)
        let key = Self.queryWidth + head / Self.group * Self.headDim
        var total = exponential(0.5)
        var sums = [Double](repeating: 0, count: Self.headDim)
        for position in visible {
            let stored = rows.array(row: position).map(Double.init)
            let score = query.indices.reduce(0) { $0 + query[$1] * stored[key + $1] } * 0.1
            total += exponential(score)
            for index in sums.indices { sums[index] += exponential(score) * stored[key + Self.keyValueWidth + index] }
        }
        return sums.map { $0 / total }
    }

    private func exponential(_ x: Double) -> Double {
        // The series is exact to the last bits for the small scores here, halved four times.
        var term = 1.0
        var sum = 1.0
        for index in 1..<20 {
            term *= x / 16 / Double(index)
            sum += term
        }
        for _ in 0..<4 { sum *= sum }
        return sum
    }

    @Test(
        "what is stored is what attention sees", arguments: KeyValueType.allCases, KernelSet.available)
    func storeAndAttend(type: KeyValueType, instructionSet: String) throws {
        let kernels = try KernelSet(named: instructionSet)
        let rows = try randomRows()
        let pages = try KeyValuePages(pageCount: 6, layers: 2, heads: Self.heads, headDim: Self.headDim, type: type)
        let table: [Int32] = [4, 0, 5, 2]
        for row in 0..<Self.positions {
            kernels.storeKeyValue(
                rows, row: row, keyColumn: Self.queryWidth, valueColumn: Self.queryWidth + Self.keyValueWidth,
                pages: pages, page: Int(table[row / 32]), slot: row % 32, layer: 1)
        }
        let sinks = try FloatVector([Float](repeating: 0.5, count: Self.heads * Self.group))
        let out = try FloatMatrix(rows: Self.positions, columns: Self.queryWidth)
        let scratch = try KernelSet.Scratch(columns: 32, group: Self.group, headDim: Self.headDim)
        for (window, first, count) in [(nil, 0, 16), (nil, 90, 10), (40, 60, 13), (40, 99, 1)] as [(Int?, Int, Int)] {
            for head in 0..<Self.heads {
                kernels.attend(
                    rows, rows: first..<first + count, column: head * Self.group * Self.headDim, group: Self.group,
                    to: KernelSet.KeyValueView(pages: pages, table: table, firstPage: 0, layer: 1, head: head),
                    firstPosition: first, window: window, scale: 0.1, sinks: sinks,
                    firstSink: head * Self.group, into: out, scratch: scratch)
            }
            for row in first..<first + count {
                for head in 0..<Self.heads * Self.group {
                    let begin = max(0, row + 1 - (window ?? row + 1))
                    let wanted = expected(rows, row: row, head: head, visible: begin..<row + 1)
                    let found = out.array(row: row)[(head * Self.headDim)...]
                    let error = zip(found, wanted).map { abs(Double($0) - $1) }.max() ?? 0
                    #expect(error < tolerance(type), "row \(row), head \(head), window \(window ?? 0)")
                }
            }
        }
    }
}
