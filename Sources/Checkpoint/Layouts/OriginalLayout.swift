/// OpenAI's own names (the `original/` folder of the published models): queries, keys and values fused, no index, every
/// `*.safetensors` file belongs to the checkpoint.
public struct OriginalLayout: CheckpointLayout {
    /// `original`.
    public let kind = LayoutKind.original

    /// Creates the layout.
    public init() {}

    /// See `CheckpointLayout`.
    public func parts(of tensor: ModelTensor, _ configuration: ModelConfiguration) -> [ExpectedTensor] {
        whole(Self.name(of: tensor), tensor, configuration)
    }

    /// See `CheckpointLayout`.
    public func storage(of matrix: ExpertMatrix, _ configuration: ModelConfiguration) -> ExpertStorage {
        let name: String
        switch matrix {
        case .gateUp(let layer): name = "block.\(layer).mlp.mlp1_weight"
        case .down(let layer): name = "block.\(layer).mlp.mlp2_weight"
        }
        return mxfp4(blocks: name + ".blocks", scales: name + ".scales", matrix, configuration)
    }

    private static func name(of tensor: ModelTensor) -> String {
        switch tensor {
        case .embedding: "embedding.weight"
        case .unembedding: "unembedding.weight"
        case .finalNorm: "norm.scale"
        case .attentionNorm(let layer): "block.\(layer).attn.norm.scale"
        case .fusedWeight(let layer): "block.\(layer).attn.qkv.weight"
        case .fusedBias(let layer): "block.\(layer).attn.qkv.bias"
        case .sinks(let layer): "block.\(layer).attn.sinks"
        case .outputWeight(let layer): "block.\(layer).attn.out.weight"
        case .outputBias(let layer): "block.\(layer).attn.out.bias"
        case .mlpNorm(let layer): "block.\(layer).mlp.norm.scale"
        case .routerWeight(let layer): "block.\(layer).mlp.gate.weight"
        case .routerBias(let layer): "block.\(layer).mlp.gate.bias"
        case .gateUpBias(let layer): "block.\(layer).mlp.mlp1_bias"
        case .downBias(let layer): "block.\(layer).mlp.mlp2_bias"
        }
    }
}
