import Checkpoint
import JSON
import ModelLibrary
import OutcropNumerics

/// Rows of a matrix that may be spread over several tensors of a checkpoint, one after the other.
struct RowSource: Sendable {
    let parts: [Checkpoint.Place]
    let columns: Int
    let element: FloatElement
    /// Bytes of one row.
    var rowByteCount: Int { columns * element.byteCount }
}

/// One piece of the conversion: it is read, converted and written by one thread, whose buffers bound its memory.
struct ConversionStep: Sendable {
    /// What is converted, into what.
    enum Work: Sendable {
        /// Plain bfloat16 rows.
        case embedding(RowSource, rows: Range<Int>, target: TensorInfo)
        /// Row groups of a dense matrix; `scales` for int8.
        case dense(RowSource, rows: Range<Int>, weight: TensorInfo, scales: TensorInfo?)
        /// All rows of a router.
        case router(RowSource, rows: Int, target: TensorInfo)
        /// Vectors to floats, each of `count` rows padded with zeros to `paddedCount`; no places means zeros.
        case floats([Checkpoint.Place], rows: Int, count: Int, order: RowOrder, paddedCount: Int, target: TensorInfo)
        /// One expert's MXFP4 matrix.
        case packedExpert(
            blocks: Checkpoint.Place, scales: Checkpoint.Place, expert: Int, shape: ExpertShape, outBlocks: TensorInfo,
            outScales: TensorInfo)
        /// One expert's transposed matrix of numbers.
        case quantizedExpert(
            Checkpoint.Place, expert: Int, shape: ExpertShape, outBlocks: TensorInfo, outScales: TensorInfo)
    }

    /// The matrix of one expert.
    struct ExpertShape: Sendable {
        let rows: Int
        let kBlocks: Int
        let order: RowOrder
    }

    /// The artifact's name of what it belongs to.
    let tensor: String
    /// Bytes of the checkpoint that it reads.
    let sourceByteCount: Int
    let work: Work
}

/// The steps that turn a checkpoint into an artifact, and the artifact's file layout.
struct ConversionPlan: Sendable {
    let file: SafetensorsLayout
    let steps: [ConversionStep]
    let sourceByteCount: Int
    /// Source bytes of the largest step, which bound a thread's buffers.
    var largestStepByteCount: Int { steps.reduce(0) { max($0, $1.sourceByteCount) } }

    /// Dense matrices are converted in pieces of about this many source bytes.
    private static let pieceByteCount = 8 << 20

    /// Plans the conversion.
    /// - Throws: `ImportError.source` when the artifact's size overflows (a configuration beyond every machine).
    init(_ checkpoint: Checkpoint, dense: DenseFormat) throws(ImportError) {
        let configuration = checkpoint.configuration
        let artifact = ArtifactLayout(configuration: configuration, dense: dense)
        guard
            let file = SafetensorsLayout(
                tensors: artifact.tensors,
                metadata: [
                    ("outcrop.format", ArtifactLayout.formatVersion), ("outcrop.dense", dense.rawValue),
                    ("outcrop.config", configuration.json.serialized()),
                ], alignment: ArtifactLayout.alignment)
        else {
            throw .source(FileError(operation: "lay out", path: checkpoint.path, reason: "the model is too large"))
        }
        var builder = StepBuilder(checkpoint: checkpoint, targets: file.tensors, pieceByteCount: Self.pieceByteCount)
        try builder.build(artifact)
        self.file = file
        steps = builder.steps
        sourceByteCount = steps.reduce(0) { $0 + $1.sourceByteCount }
    }
}

/// Collects the steps of a plan in the order of the artifact's tensors.
private struct StepBuilder {
    private(set) var steps: [ConversionStep] = []
    private let checkpoint: Checkpoint
    private let targets: [String: TensorInfo]
    private let pieceByteCount: Int
    private var configuration: ModelConfiguration { checkpoint.configuration }

    init(checkpoint: Checkpoint, targets: [TensorInfo], pieceByteCount: Int) {
        self.checkpoint = checkpoint
        self.targets = Dictionary(targets.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.pieceByteCount = pieceByteCount
    }

    mutating func build(_ artifact: ArtifactLayout) throws(ImportError) {
        typealias Name = ArtifactLayout.Name
        let c = configuration
        let embedding = try rowSource(.embedding, columns: c.hiddenSize)
        let target = try target(Name.embedding)
        pieces(Name.embedding, embedding, rows: c.vocabularySize) { .embedding(embedding, rows: $0, target: target) }
        for layer in 0..<c.layerCount {
            try floats(.attentionNorm(layer: layer), Name.attentionNorm(layer), count: c.hiddenSize)
            try dense(.fusedWeight(layer: layer), Name.fused(layer), rows: c.fusedRows, columns: c.hiddenSize)
            try floats(.fusedBias(layer: layer), Name.fused(layer) + ".bias", count: c.fusedRows, isPadded: true)
            try floats(.sinks(layer: layer), Name.sinks(layer), count: c.queryHeadCount)
            try dense(.outputWeight(layer: layer), Name.output(layer), rows: c.hiddenSize, columns: c.attentionWidth)
            try floats(.outputBias(layer: layer), Name.output(layer) + ".bias", count: c.hiddenSize, isPadded: true)
            try floats(.mlpNorm(layer: layer), Name.mlpNorm(layer), count: c.hiddenSize)
            try router(layer)
            try floats(.routerBias(layer: layer), Name.router(layer) + ".bias", count: c.expertCount, isPadded: true)
            try experts(.gateUp(layer: layer), Name.gateUp(layer), .interleavedPairs)
            try expertBias(
                .gateUpBias(layer: layer), Name.gateUp(layer), count: 2 * c.intermediateSize, .interleavedPairs)
            try experts(.down(layer: layer), Name.down(layer), .plain)
            try expertBias(.downBias(layer: layer), Name.down(layer), count: c.hiddenSize, .plain)
        }
        try floats(.finalNorm, Name.finalNorm, count: c.hiddenSize)
        let unembedding: ModelTensor = c.tiedEmbeddings ? .embedding : .unembedding
        try dense(unembedding, Name.unembedding, rows: c.vocabularySize, columns: c.hiddenSize)
    }

    private func target(_ name: String) throws(ImportError) -> TensorInfo {
        guard let target = targets[name] else {
            throw .file(FileError(operation: "plan", path: name, reason: "the artifact has no such tensor"))
        }
        return target
    }

    private func place(_ tensor: ExpectedTensor) throws(ImportError) -> Checkpoint.Place {
        guard let place = checkpoint.place(of: tensor) else {
            throw .checkpoint(.unusable(path: checkpoint.path, findings: [.missing(tensor, in: checkpoint.path)]))
        }
        return place
    }

    private func places(_ tensor: ModelTensor) throws(ImportError) -> [Checkpoint.Place] {
        var places: [Checkpoint.Place] = []
        for part in checkpoint.layout.parts(of: tensor, configuration) { places.append(try place(part)) }
        return places
    }

    private func rowSource(_ tensor: ModelTensor, columns: Int) throws(ImportError) -> RowSource {
        let places = try places(tensor)
        return RowSource(parts: places, columns: columns, element: places.first?.info.element.float ?? .bf16)
    }

    private mutating func add(_ tensor: String, _ byteCount: Int, _ work: ConversionStep.Work) {
        steps.append(ConversionStep(tensor: tensor, sourceByteCount: byteCount, work: work))
    }

    /// Cuts the rows of a matrix into pieces of whole row groups.
    private mutating func pieces(
        _ tensor: String, _ source: RowSource, rows: Int, _ work: (Range<Int>) -> ConversionStep.Work
    ) {
        let rowsPerPiece = max(pieceByteCount / max(source.rowByteCount, 1) / 16 * 16, 16)
        for begin in stride(from: 0, to: rows, by: rowsPerPiece) {
            let range = begin..<min(begin + rowsPerPiece, rows)
            add(tensor, range.count * source.rowByteCount, work(range))
        }
    }

    private mutating func dense(_ tensor: ModelTensor, _ name: String, rows: Int, columns: Int) throws(ImportError) {
        let source = try rowSource(tensor, columns: columns)
        let weight = try target(name + ".weight")
        let scales = weight.element == .bf16 ? nil : try target(name + ".scales")
        pieces(name, source, rows: rows) { .dense(source, rows: $0, weight: weight, scales: scales) }
    }

    private mutating func router(_ layer: Int) throws(ImportError) {
        let name = ArtifactLayout.Name.router(layer)
        let source = try rowSource(.routerWeight(layer: layer), columns: configuration.hiddenSize)
        let rows = configuration.expertCount
        add(
            name, rows * source.rowByteCount,
            .router(source, rows: rows, target: try target(name + ".weight")))
    }

    private mutating func floats(
        _ tensor: ModelTensor, _ name: String, count: Int, isPadded: Bool = false
    ) throws(ImportError) {
        let places = try places(tensor)
        add(
            name, places.reduce(0) { $0 + $1.info.byteRange.count },
            .floats(
                places, rows: 1, count: count, order: .plain,
                paddedCount: isPadded ? ArtifactLayout.padded(count) : count, target: try target(name)))
    }

    private mutating func expertBias(
        _ tensor: ModelTensor, _ name: String, count: Int, _ order: RowOrder
    ) throws(ImportError) {
        let places = try places(tensor)
        add(
            name + ".bias", places.reduce(0) { $0 + $1.info.byteRange.count },
            .floats(
                places, rows: configuration.expertCount, count: count, order: order,
                paddedCount: order.groups(rows: count) * 16, target: try target(name + ".bias")))
    }

    private mutating func experts(_ matrix: ExpertMatrix, _ name: String, _ order: RowOrder) throws(ImportError) {
        let shape = ConversionStep.ExpertShape(
            rows: matrix.rows(configuration), kBlocks: matrix.columns(configuration) / 32, order: order)
        let outBlocks = try target(name + ".blocks")
        let outScales = try target(name + ".scales")
        switch checkpoint.layout.storage(of: matrix, configuration) {
        case .mxfp4(let blocksTensor, let scalesTensor):
            let blocks = try place(blocksTensor)
            let scales = try place(scalesTensor)
            for expert in 0..<configuration.expertCount {
                add(
                    name, shape.rows * shape.kBlocks * 17,
                    .packedExpert(
                        blocks: blocks, scales: scales, expert: expert, shape: shape, outBlocks: outBlocks,
                        outScales: outScales))
            }
        case .transposed(let tensor):
            let source = try place(tensor)
            let byteCount = shape.rows * shape.kBlocks * 32 * (source.info.element.float ?? .bf16).byteCount
            for expert in 0..<configuration.expertCount {
                add(
                    name, byteCount,
                    .quantizedExpert(source, expert: expert, shape: shape, outBlocks: outBlocks, outScales: outScales))
            }
        }
    }
}

extension TensorElement {
    /// The element type as the conversion reads it; nil for types that hold no weights.
    var float: FloatElement? {
        switch self {
        case .bf16: .bf16
        case .f16: .f16
        case .f32: .f32
        default: nil
        }
    }
}

extension Finding {
    /// A tensor that is not there.
    static func missing(_ tensor: ExpectedTensor, in path: String) -> Finding {
        Finding(
            .tensorMissing, path: path, tensor: tensor.name, "no shard holds this tensor",
            remedy: "Download the checkpoint again")
    }
}
