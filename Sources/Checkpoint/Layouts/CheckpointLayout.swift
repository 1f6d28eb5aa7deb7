/// The ways in which gpt-oss checkpoints store their tensors.
public enum LayoutKind: String, Sendable, CaseIterable {
    /// Hugging Face names, experts as MXFP4 blocks and scales (the published models).
    case huggingFaceMXFP4 = "hf-mxfp4"
    /// Hugging Face names, experts as transposed bfloat16 (fine-tunes saved after dequantising).
    case huggingFaceBF16 = "hf-bf16"
    /// OpenAI's own names, experts as MXFP4 (the `original/` folder).
    case original

    /// The layout's tensor names and shapes.
    public var layout: any CheckpointLayout {
        switch self {
        case .huggingFaceMXFP4: HuggingFaceMXFP4Layout()
        case .huggingFaceBF16: HuggingFaceBF16Layout()
        case .original: OriginalLayout()
        }
    }
}

/// A tensor of the model that is not an expert's matrix, whatever a checkpoint calls it.
public enum ModelTensor: Sendable, Hashable {
    /// [vocabulary, hidden].
    case embedding
    /// [hidden].
    case attentionNorm(layer: Int)
    /// Queries, keys and values, rows one after the other.
    case fusedWeight(layer: Int)
    /// The biases of queries, keys and values.
    case fusedBias(layer: Int)
    /// [query heads].
    case sinks(layer: Int)
    /// [hidden, query heads * head size].
    case outputWeight(layer: Int)
    /// [hidden].
    case outputBias(layer: Int)
    /// [hidden].
    case mlpNorm(layer: Int)
    /// [experts, hidden].
    case routerWeight(layer: Int)
    /// [experts].
    case routerBias(layer: Int)
    /// [experts, 2 * intermediate], gates and ups interleaved.
    case gateUpBias(layer: Int)
    /// [experts, hidden].
    case downBias(layer: Int)
    /// [hidden].
    case finalNorm
    /// [vocabulary, hidden]; absent when it is tied to the embedding.
    case unembedding
}

/// The matrices of a layer's experts.
public enum ExpertMatrix: Sendable, Hashable {
    /// [experts, 2 * intermediate, hidden], rows interleaved: 2j gate, 2j + 1 up.
    case gateUp(layer: Int)
    /// [experts, hidden, intermediate].
    case down(layer: Int)

    /// Outputs of one expert's matrix.
    public func rows(_ configuration: ModelConfiguration) -> Int {
        switch self {
        case .gateUp: 2 * configuration.intermediateSize
        case .down: configuration.hiddenSize
        }
    }

    /// Inputs of one expert's matrix.
    public func columns(_ configuration: ModelConfiguration) -> Int {
        switch self {
        case .gateUp: configuration.hiddenSize
        case .down: configuration.intermediateSize
        }
    }
}

/// A tensor that a layout stores: its name and shape, and whether it holds numbers or packed bytes.
public struct ExpectedTensor: Sendable, Equatable {
    /// What its elements are.
    public enum Content: Sendable, Equatable {
        /// bfloat16, or half or single precision in checkpoints that were saved so.
        case numbers
        /// Bytes (U8): MXFP4 blocks or scales.
        case bytes
    }

    /// Its name in the checkpoint.
    public let name: String
    /// Its shape, outermost side first.
    public let shape: [Int]
    /// What its elements are.
    public let content: Content

    init(_ name: String, _ shape: [Int], _ content: Content = .numbers) {
        self.name = name
        self.shape = shape
        self.content = content
    }
}

/// How a layout stores one kind of expert matrix, all experts of a layer together.
public enum ExpertStorage: Sendable, Equatable {
    /// `blocks` [experts, rows, columns / 32, 16] and `scales` [experts, rows, columns / 32].
    case mxfp4(blocks: ExpectedTensor, scales: ExpectedTensor)
    /// [experts, columns, rows].
    case transposed(ExpectedTensor)

    /// The tensors it consists of.
    public var tensors: [ExpectedTensor] {
        switch self {
        case .mxfp4(let blocks, let scales): [blocks, scales]
        case .transposed(let tensor): [tensor]
        }
    }
}

/// Which tensors of a checkpoint make up the model's tensors. One implementation per layout.
public protocol CheckpointLayout: Sendable {
    /// The layout described.
    var kind: LayoutKind { get }

    /// The tensors that, laid one after the other along the first side, make up `tensor`; empty when this configuration
    /// has no such tensor (no attention biases, tied embeddings).
    func parts(of tensor: ModelTensor, _ configuration: ModelConfiguration) -> [ExpectedTensor]

    /// How the experts' matrices are stored.
    func storage(of matrix: ExpertMatrix, _ configuration: ModelConfiguration) -> ExpertStorage
}

extension CheckpointLayout {
    /// Every tensor that a complete checkpoint of this layout has.
    public func allTensors(_ configuration: ModelConfiguration) -> [ExpectedTensor] {
        var result = parts(of: .embedding, configuration)
        for layer in 0..<configuration.layerCount {
            for tensor in ModelTensor.perLayer(layer) { result += parts(of: tensor, configuration) }
            for matrix in [ExpertMatrix.gateUp(layer: layer), .down(layer: layer)] {
                result += storage(of: matrix, configuration).tensors
            }
        }
        result += parts(of: .finalNorm, configuration)
        result += parts(of: .unembedding, configuration)
        return result
    }

    /// The shapes of vectors and matrices that every layout stores alike, under the given name.
    func whole(_ name: String, _ tensor: ModelTensor, _ configuration: ModelConfiguration) -> [ExpectedTensor] {
        let c = configuration
        switch tensor {
        case .embedding: return [ExpectedTensor(name, [c.vocabularySize, c.hiddenSize])]
        case .unembedding: return c.tiedEmbeddings ? [] : [ExpectedTensor(name, [c.vocabularySize, c.hiddenSize])]
        case .attentionNorm, .mlpNorm, .finalNorm: return [ExpectedTensor(name, [c.hiddenSize])]
        case .fusedWeight: return [ExpectedTensor(name, [c.fusedRows, c.hiddenSize])]
        case .fusedBias: return c.attentionBias ? [ExpectedTensor(name, [c.fusedRows])] : []
        case .sinks: return [ExpectedTensor(name, [c.queryHeadCount])]
        case .outputWeight: return [ExpectedTensor(name, [c.hiddenSize, c.attentionWidth])]
        case .outputBias: return c.attentionBias ? [ExpectedTensor(name, [c.hiddenSize])] : []
        case .routerWeight: return [ExpectedTensor(name, [c.expertCount, c.hiddenSize])]
        case .routerBias: return [ExpectedTensor(name, [c.expertCount])]
        case .gateUpBias: return [ExpectedTensor(name, [c.expertCount, 2 * c.intermediateSize])]
        case .downBias: return [ExpectedTensor(name, [c.expertCount, c.hiddenSize])]
        }
    }

    /// MXFP4 blocks and scales under the given names.
    func mxfp4(
        blocks: String, scales: String, _ matrix: ExpertMatrix, _ configuration: ModelConfiguration
    ) -> ExpertStorage {
        let shape = [configuration.expertCount, matrix.rows(configuration), matrix.columns(configuration) / 32]
        return .mxfp4(
            blocks: ExpectedTensor(blocks, shape + [16], .bytes), scales: ExpectedTensor(scales, shape, .bytes))
    }
}

extension ModelTensor {
    /// The tensors of a layer, without its experts' matrices.
    public static func perLayer(_ layer: Int) -> [ModelTensor] {
        [
            .attentionNorm(layer: layer), .fusedWeight(layer: layer), .fusedBias(layer: layer), .sinks(layer: layer),
            .outputWeight(layer: layer), .outputBias(layer: layer), .mlpNorm(layer: layer),
            .routerWeight(layer: layer), .routerBias(layer: layer), .gateUpBias(layer: layer), .downBias(layer: layer),
        ]
    }
}
