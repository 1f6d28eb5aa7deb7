import Checkpoint
import ModelLibrary
import OutcropNumerics

/// One piece of a comparison: the same part of a tensor in two artifacts.
struct ComparisonStep: Sendable {
    /// The same bytes' places in the two files.
    struct Part: Sendable {
        let offset: Int
        let baseOffset: Int
        let byteCount: Int
    }

    /// What the bytes are.
    enum Content: Sendable {
        /// MXFP4 blocks.
        case mxfp4
        /// int8 blocks.
        case int8
        /// Plain numbers.
        case numbers(FloatElement)
    }

    /// The tensor's index in the plan.
    let tensor: Int
    let content: Content
    let weights: Part
    /// Nil for plain numbers.
    let scales: Part?
    var byteCount: Int { weights.byteCount + (scales?.byteCount ?? 0) }
}

/// The steps that compare an artifact with its base.
struct ComparisonPlan: Sendable {
    /// The tensors' names; a matrix and its scales are one.
    private(set) var tensors: [String] = []
    private(set) var steps: [ComparisonStep] = []
    /// Bytes of the artifact that are compared.
    var byteCount: Int { steps.reduce(0) { $0 + $1.byteCount } }

    /// A step's weights have at most so many bytes.
    static let pieceByteCount = 4 << 20

    /// - Parameter file: the artifact's layout.
    /// - Throws: `ImportError.base` when the base lacks a tensor.
    init(_ file: SafetensorsLayout, _ artifact: ArtifactLayout, base: BaseModel) throws(ImportError) {
        let places = Dictionary(file.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for tensor in artifact.tensors where !tensor.name.hasSuffix(".scales") {
            guard let place = places[tensor.name] else { continue }
            let (prefix, kind) = Self.split(tensor.name)
            let scales = kind.isEmpty ? nil : places[prefix + ".scales"]
            let basePlace = try base.tensor(tensor.name)
            guard let scales else {
                add(prefix, place, basePlace, element: place.element.float ?? .f32)
                continue
            }
            add(prefix, kind, place, basePlace, scales, try base.tensor(scales.name))
        }
    }

    /// The name without `.weight` or `.blocks`, and that.
    private static func split(_ name: String) -> (prefix: String, kind: String) {
        for kind in [".weight", ".blocks"] where name.hasSuffix(kind) {
            return (String(name.dropLast(kind.count)), kind)
        }
        return (name, "")
    }

    private mutating func add(_ name: String, _ place: TensorInfo, _ base: TensorInfo, element: FloatElement) {
        tensors.append(name)
        for begin in stride(from: 0, to: place.byteRange.count, by: Self.pieceByteCount) {
            let part = Self.part(place, base, begin, min(Self.pieceByteCount, place.byteRange.count - begin))
            steps.append(
                ComparisonStep(tensor: tensors.count - 1, content: .numbers(element), weights: part, scales: nil))
        }
    }

    private mutating func add(
        _ name: String, _ kind: String, _ weights: TensorInfo, _ baseWeights: TensorInfo, _ scales: TensorInfo,
        _ baseScales: TensorInfo
    ) {
        tensors.append(name)
        let isMXFP4 = kind == ".blocks"
        let (blockByteCount, scaleByteCount) = isMXFP4 ? (256, 16) : (512, 32)
        let total = weights.byteRange.count / blockByteCount
        let blocksPerPiece = Self.pieceByteCount / blockByteCount
        for begin in stride(from: 0, to: total, by: blocksPerPiece) {
            let count = min(blocksPerPiece, total - begin)
            steps.append(
                ComparisonStep(
                    tensor: tensors.count - 1, content: isMXFP4 ? .mxfp4 : .int8,
                    weights: Self.part(weights, baseWeights, begin * blockByteCount, count * blockByteCount),
                    scales: Self.part(scales, baseScales, begin * scaleByteCount, count * scaleByteCount)))
        }
    }

    private static func part(_ place: TensorInfo, _ base: TensorInfo, _ begin: Int, _ count: Int) -> ComparisonStep.Part
    {
        ComparisonStep.Part(
            offset: place.byteRange.lowerBound + begin, baseOffset: base.byteRange.lowerBound + begin, byteCount: count)
    }
}
