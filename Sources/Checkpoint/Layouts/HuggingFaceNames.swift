/// The tensor names that both Hugging Face layouts share. Queries, keys and values are separate tensors there.
enum HuggingFaceNames {
    static func parts(
        of tensor: ModelTensor, _ configuration: ModelConfiguration, _ layout: any CheckpointLayout
    ) -> [ExpectedTensor] {
        func whole(_ name: String) -> [ExpectedTensor] { layout.whole(name, tensor, configuration) }
        func prefix(_ layer: Int) -> String { "model.layers.\(layer)." }
        let c = configuration
        let sections = [
            ("q", c.queryHeadCount * c.headDim), ("k", c.keyValueHeadCount * c.headDim),
            ("v", c.keyValueHeadCount * c.headDim),
        ]
        switch tensor {
        case .embedding: return whole("model.embed_tokens.weight")
        case .unembedding: return whole("lm_head.weight")
        case .finalNorm: return whole("model.norm.weight")
        case .attentionNorm(let layer): return whole(prefix(layer) + "input_layernorm.weight")
        case .fusedWeight(let layer):
            return sections.map { name, rows in
                ExpectedTensor(prefix(layer) + "self_attn.\(name)_proj.weight", [rows, c.hiddenSize])
            }
        case .fusedBias(let layer):
            guard c.attentionBias else { return [] }
            return sections.map { name, rows in ExpectedTensor(prefix(layer) + "self_attn.\(name)_proj.bias", [rows]) }
        case .sinks(let layer): return whole(prefix(layer) + "self_attn.sinks")
        case .outputWeight(let layer): return whole(prefix(layer) + "self_attn.o_proj.weight")
        case .outputBias(let layer): return whole(prefix(layer) + "self_attn.o_proj.bias")
        case .mlpNorm(let layer): return whole(prefix(layer) + "post_attention_layernorm.weight")
        case .routerWeight(let layer): return whole(prefix(layer) + "mlp.router.weight")
        case .routerBias(let layer): return whole(prefix(layer) + "mlp.router.bias")
        case .gateUpBias(let layer): return whole(prefix(layer) + "mlp.experts.gate_up_proj_bias")
        case .downBias(let layer): return whole(prefix(layer) + "mlp.experts.down_proj_bias")
        }
    }

    /// The name of an expert matrix without a suffix.
    static func experts(_ matrix: ExpertMatrix) -> String {
        switch matrix {
        case .gateUp(let layer): "model.layers.\(layer).mlp.experts.gate_up_proj"
        case .down(let layer): "model.layers.\(layer).mlp.experts.down_proj"
        }
    }
}
