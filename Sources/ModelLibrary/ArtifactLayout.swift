import Checkpoint
import OutcropNumerics

/// How the dense matrices of an artifact (attention, unembedding) are stored; the router is always bfloat16.
public enum DenseFormat: String, Sendable, CaseIterable {
    /// Eight-bit integers with one half-float scale per 32.
    case int8
    /// bfloat16, exactly as in the checkpoint.
    case bf16
}

/// Which tensors an artifact holds and how they are shaped, for a configuration.
///
/// Rows are padded with zeros to multiples of 16; the weight layouts are drawn in `CKernels.h`. Everything about an
/// artifact's names and shapes is in this file, for the writer and the reader.
public struct ArtifactLayout: Sendable {
    /// The version of the format, in the metadata under `outcrop.format`.
    public static let formatVersion = "1"
    /// Every tensor starts at a multiple of this in the file.
    public static let alignment = 4096

    /// The model.
    public let configuration: ModelConfiguration
    /// How its dense matrices are stored.
    public let dense: DenseFormat

    /// The layout for a model.
    public init(configuration: ModelConfiguration, dense: DenseFormat) {
        self.configuration = configuration
        self.dense = dense
    }

    /// A number of rows with its padding.
    public static func padded(_ rows: Int) -> Int { (rows + 15) / 16 * 16 }

    /// Names of an artifact's tensors; matrices are prefixes of `.weight`, `.scales`, `.blocks`, `.bias`.
    public enum Name {
        /// [vocabulary, hidden] bfloat16, plain rows.
        public static let embedding = "embedding"
        /// [hidden] float.
        public static let finalNorm = "norm"
        /// Dense [vocabulary, hidden].
        public static let unembedding = "unembedding"
        /// [hidden] float.
        public static func attentionNorm(_ layer: Int) -> String { "layers.\(layer).attention.norm" }
        /// Dense, rows queries, keys, values; with bias.
        public static func fused(_ layer: Int) -> String { "layers.\(layer).attention.qkv" }
        /// [query heads] float.
        public static func sinks(_ layer: Int) -> String { "layers.\(layer).attention.sinks" }
        /// Dense; with bias.
        public static func output(_ layer: Int) -> String { "layers.\(layer).attention.output" }
        /// [hidden] float.
        public static func mlpNorm(_ layer: Int) -> String { "layers.\(layer).mlp.norm" }
        /// bfloat16 row groups; with bias.
        public static func router(_ layer: Int) -> String { "layers.\(layer).mlp.router" }
        /// MXFP4 per expert, pairs of row groups (16 gates, 16 ups); with bias.
        public static func gateUp(_ layer: Int) -> String { "layers.\(layer).mlp.gate_up" }
        /// MXFP4 per expert; with bias.
        public static func down(_ layer: Int) -> String { "layers.\(layer).mlp.down" }
    }

    /// Padded rows of one expert's gate and up matrix.
    public var gateUpRows: Int { RowOrder.interleavedPairs.groups(rows: 2 * configuration.intermediateSize) * 16 }

    /// The tensors in file order: what is used together lies together.
    public var tensors: [SafetensorsLayout.Tensor] {
        let c = configuration
        var result = [SafetensorsLayout.Tensor(Name.embedding, .bf16, [c.vocabularySize, c.hiddenSize])]
        for layer in 0..<c.layerCount {
            result.append(floats(Name.attentionNorm(layer), [c.hiddenSize]))
            result += linear(Name.fused(layer), rows: c.fusedRows, columns: c.hiddenSize)
            result.append(floats(Name.sinks(layer), [c.queryHeadCount]))
            result += linear(Name.output(layer), rows: c.hiddenSize, columns: c.attentionWidth)
            result.append(floats(Name.mlpNorm(layer), [c.hiddenSize]))
            result += [
                bf16(Name.router(layer), rows: c.expertCount, columns: c.hiddenSize),
                floats(Name.router(layer) + ".bias", [Self.padded(c.expertCount)]),
            ]
            result += experts(Name.gateUp(layer), paddedRows: gateUpRows, columns: c.hiddenSize)
            result += experts(Name.down(layer), paddedRows: Self.padded(c.hiddenSize), columns: c.intermediateSize)
        }
        result.append(floats(Name.finalNorm, [c.hiddenSize]))
        result += matrix(Name.unembedding, rows: c.vocabularySize, columns: c.hiddenSize)
        return result
    }

    private func floats(_ name: String, _ shape: [Int]) -> SafetensorsLayout.Tensor {
        SafetensorsLayout.Tensor(name, .f32, shape)
    }

    private func bf16(_ name: String, rows: Int, columns: Int) -> SafetensorsLayout.Tensor {
        SafetensorsLayout.Tensor(name + ".weight", .bf16, [Self.padded(rows) / 16, columns / 2, 16, 2])
    }

    private func matrix(_ name: String, rows: Int, columns: Int) -> [SafetensorsLayout.Tensor] {
        switch dense {
        case .bf16: return [bf16(name, rows: rows, columns: columns)]
        case .int8:
            let groups = Self.padded(rows) / 16
            return [
                SafetensorsLayout.Tensor(name + ".weight", .u8, [groups, columns / 32, 512]),
                SafetensorsLayout.Tensor(name + ".scales", .f16, [groups, columns / 32, 16]),
            ]
        }
    }

    private func linear(_ name: String, rows: Int, columns: Int) -> [SafetensorsLayout.Tensor] {
        matrix(name, rows: rows, columns: columns) + [floats(name + ".bias", [Self.padded(rows)])]
    }

    private func experts(_ name: String, paddedRows: Int, columns: Int) -> [SafetensorsLayout.Tensor] {
        let groups = paddedRows / 16
        let count = configuration.expertCount
        return [
            SafetensorsLayout.Tensor(name + ".blocks", .u8, [count, groups, columns / 32, 256]),
            SafetensorsLayout.Tensor(name + ".scales", .u8, [count, groups, columns / 32, 16]),
            floats(name + ".bias", [count, paddedRows]),
        ]
    }
}
