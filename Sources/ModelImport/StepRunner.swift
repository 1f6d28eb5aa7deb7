import Checkpoint
import OutcropNumerics

/// What a step did to the values.
struct StepResult: Sendable {
    /// What quantising did, for the steps that quantise.
    var quantization: QuantizationError?
    /// Values that were rounded to bfloat16.
    var roundedValues = 0
}

/// Executes conversion steps on one thread, with buffers that are kept from step to step.
struct StepRunner {
    private let output: OutputFile
    private let outputByteCount: Int
    private var input: [UInt8] = []
    private var inputScales: [UInt8] = []
    private var weights: [UInt8] = []
    private var scales: [UInt8] = []

    init(output: OutputFile, outputByteCount: Int) {
        self.output = output
        self.outputByteCount = outputByteCount
    }

    /// Reads, converts and writes one piece.
    /// - Throws: `ImportError`.
    mutating func run(_ step: ConversionStep) throws(ImportError) -> StepResult {
        switch step.work {
        case .embedding(let source, let rows, let target):
            try read(source, rows)
            let count = rows.count * source.columns
            grow(&weights, count * 2)
            let rounded = Conversion.toBF16(input, source.element, count: count, out: &weights)
            try write(weights, count * 2, target, at: rows.lowerBound * source.columns * 2)
            return StepResult(roundedValues: rounded)
        case .dense(let source, let rows, let weight, let scales):
            return try dense(step.tensor, source, rows, weight, scales)
        case .router(let source, let rows, let target):
            try read(source, 0..<rows)
            let byteCount = (rows + 15) / 16 * 16 * source.columns * 2
            grow(&weights, byteCount)
            let inexact = Conversion.packBF16(input, source.element, rows: rows, columns: source.columns, out: &weights)
            guard inexact == 0 else { throw .routerInexact(tensor: step.tensor, count: inexact) }
            try write(weights, byteCount, target, at: 0)
            return StepResult()
        case .floats(let places, let rows, let count, let order, let paddedCount, let target):
            try floats(step.tensor, places, rows, count, order, paddedCount, target)
            return StepResult()
        case .packedExpert(let blocks, let scales, let expert, let shape, let outBlocks, let outScales):
            let blockCount = shape.rows * shape.kBlocks
            try read(blocks, at: expert * blockCount * 16, count: blockCount * 16, &input)
            try read(scales, at: expert * blockCount, count: blockCount, &inputScales)
            growForExpert(shape)
            Conversion.packMXFP4(
                blocks: input, scales: inputScales, rows: shape.rows, kBlocks: shape.kBlocks, order: shape.order,
                outBlocks: &weights, outScales: &self.scales)
            try writeExpert(expert, shape, outBlocks, outScales)
            return StepResult()
        case .quantizedExpert(let source, let expert, let shape, let outBlocks, let outScales):
            let element = source.info.element.float ?? .bf16
            let byteCount = shape.rows * shape.kBlocks * 32 * element.byteCount
            try read(source, at: expert * byteCount, count: byteCount, &input)
            growForExpert(shape)
            let error = Conversion.quantizeMXFP4Transposed(
                input, element, rows: shape.rows, kBlocks: shape.kBlocks, order: shape.order, outBlocks: &weights,
                outScales: &scales)
            try requireFinite(step.tensor, error)
            try writeExpert(expert, shape, outBlocks, outScales)
            return StepResult(quantization: error)
        }
    }

    private mutating func dense(
        _ name: String, _ source: RowSource, _ rows: Range<Int>, _ weight: TensorInfo, _ scalesTarget: TensorInfo?
    ) throws(ImportError) -> StepResult {
        try read(source, rows)
        let groups = (rows.count + 15) / 16
        let firstGroup = rows.lowerBound / 16
        let groupByteCount = source.columns * 16 * (scalesTarget == nil ? 2 : 1)
        grow(&weights, groups * groupByteCount)
        var result = StepResult()
        if let scalesTarget {
            let scaleByteCount = source.columns
            grow(&scales, groups * scaleByteCount)
            let error = Conversion.quantizeInt8(
                input, source.element, rows: rows.count, kBlocks: source.columns / 32, outValues: &weights,
                outScales: &scales)
            try requireFinite(name, error)
            try write(scales, groups * scaleByteCount, scalesTarget, at: firstGroup * scaleByteCount)
            result.quantization = error
        } else {
            result.roundedValues = Conversion.packBF16(
                input, source.element, rows: rows.count, columns: source.columns, out: &weights)
        }
        try write(weights, groups * groupByteCount, weight, at: firstGroup * groupByteCount)
        return result
    }

    private mutating func floats(
        _ name: String, _ places: [Checkpoint.Place], _ rows: Int, _ count: Int, _ order: RowOrder, _ paddedCount: Int,
        _ target: TensorInfo
    ) throws(ImportError) {
        var values: [Float] = []
        for place in places {
            let element = place.info.element.float ?? .bf16
            try read(place, at: 0, count: place.info.byteRange.count, &input)
            values += Conversion.toFloats(input, element, count: place.info.byteRange.count / element.byteCount)
        }
        if places.isEmpty { values = [Float](repeating: 0, count: rows * count) }
        let wrong = values.count { !$0.isFinite }
        guard wrong == 0 else { throw .notFinite(tensor: name, count: wrong) }
        var padded = [Float](repeating: 0, count: rows * paddedCount)
        for row in 0..<rows {
            for index in 0..<paddedCount {
                let sourceIndex = order.sourceRow(of: index)
                if sourceIndex < count { padded[row * paddedCount + index] = values[row * count + sourceIndex] }
            }
        }
        let bytes = Conversion.bytes(of: padded)
        try write(bytes, bytes.count, target, at: 0)
    }

    /// Reads rows of a matrix into `input`.
    private mutating func read(_ source: RowSource, _ rows: Range<Int>) throws(ImportError) {
        grow(&input, rows.count * source.rowByteCount)
        var firstRow = 0
        for part in source.parts {
            let partRows = part.info.shape.first ?? 0
            let wanted = rows.clamped(to: firstRow..<firstRow + partRows)
            if !wanted.isEmpty {
                let offset = part.info.byteRange.lowerBound + (wanted.lowerBound - firstRow) * source.rowByteCount
                do throws(FileError) {
                    try part.file.read(
                        at: offset, count: wanted.count * source.rowByteCount, into: &input,
                        at: (wanted.lowerBound - rows.lowerBound) * source.rowByteCount)
                } catch {
                    throw .source(error)
                }
            }
            firstRow += partRows
        }
    }

    private func read(
        _ place: Checkpoint.Place, at offset: Int, count: Int, _ buffer: inout [UInt8]
    ) throws(ImportError) {
        do throws(FileError) {
            try place.file.read(at: place.info.byteRange.lowerBound + offset, count: count, into: &buffer)
        } catch {
            throw .source(error)
        }
    }

    private func write(
        _ bytes: [UInt8], _ count: Int, _ target: TensorInfo, at offset: Int
    ) throws(ImportError) {
        do throws(FileError) {
            try output.write(bytes, 0..<count, at: target.byteRange.lowerBound + offset)
        } catch {
            throw .writing(error, folder: FileSystem.parent(of: output.path) ?? "/", needed: outputByteCount)
        }
    }

    private mutating func growForExpert(_ shape: ConversionStep.ExpertShape) {
        let groupBlocks = shape.order.groups(rows: shape.rows) * shape.kBlocks
        grow(&weights, groupBlocks * 256)
        grow(&scales, groupBlocks * 16)
    }

    private func writeExpert(
        _ expert: Int, _ shape: ConversionStep.ExpertShape, _ outBlocks: TensorInfo, _ outScales: TensorInfo
    ) throws(ImportError) {
        let groupBlocks = shape.order.groups(rows: shape.rows) * shape.kBlocks
        try write(weights, groupBlocks * 256, outBlocks, at: expert * groupBlocks * 256)
        try write(scales, groupBlocks * 16, outScales, at: expert * groupBlocks * 16)
    }

    private func requireFinite(_ name: String, _ error: QuantizationError) throws(ImportError) {
        guard error.notFiniteValues == 0 else { throw .notFinite(tensor: name, count: error.notFiniteValues) }
    }

    private func grow(_ buffer: inout [UInt8], _ count: Int) {
        if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
    }
}
