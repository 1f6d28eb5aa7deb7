import JSON
import OutcropNumerics

/// The files of a synthetic checkpoint beside its shards, as the publishers of real ones write them.
enum SyntheticFiles {
    /// Every name that one of them can have.
    static let names = ["config.json", "dtypes.json", "generation_config.json", ShardIndex.fileName]

    static func write(_ plan: SyntheticCheckpoint.Plan, to folder: String) throws(FileError) {
        func put(_ name: String, _ value: JSONValue) throws(FileError) {
            try AtomicFile.write(Array((value.serialized(pretty: true) + "\n").utf8), to: FileSystem.join(folder, name))
        }
        if plan.kind == .original {
            try put("config.json", originalConfiguration(plan.configuration))
            return try put("dtypes.json", originalTypes(plan.configuration))
        }
        try put("config.json", huggingFaceConfiguration(plan.configuration, plan.kind))
        try put("generation_config.json", generationConfiguration(plan.configuration))
        if plan.shards.count > 1 { try AtomicFile.write(index(plan), to: FileSystem.join(folder, ShardIndex.fileName)) }
    }

    private static func huggingFaceConfiguration(_ configuration: ModelConfiguration, _ kind: LayoutKind) -> JSONValue {
        guard var object = configuration.json.objectValue else { return .null }
        object["torch_dtype"] = "bfloat16"
        if kind == .huggingFaceMXFP4 {
            object["quantization_config"] = [
                "modules_to_not_convert": [
                    "model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head",
                ],
                "quant_method": "mxfp4",
            ]
        }
        return .object(object)
    }

    private static func generationConfiguration(_ configuration: ModelConfiguration) -> JSONValue {
        var object = JSONObject([
            ("do_sample", true),
            ("eos_token_id", .array(configuration.endTokens.map { .number(JSONNumber(Int($0))) })),
        ])
        if let pad = configuration.padToken { object["pad_token_id"] = .number(JSONNumber(Int(pad))) }
        return .object(object)
    }

    private static func originalConfiguration(_ configuration: ModelConfiguration) -> JSONValue {
        func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
        func real(_ value: Double) -> JSONValue { .number(JSONNumber(value)) }
        let yarn = configuration.rotary.yarn ?? .published
        return [
            "num_hidden_layers": integer(configuration.layerCount),
            "num_experts": integer(configuration.expertCount),
            "experts_per_token": integer(configuration.expertsPerToken),
            "vocab_size": integer(configuration.vocabularySize),
            "hidden_size": integer(configuration.hiddenSize),
            "intermediate_size": integer(configuration.intermediateSize),
            "swiglu_limit": real(configuration.swigluLimit),
            "head_dim": integer(configuration.headDim),
            "num_attention_heads": integer(configuration.queryHeadCount),
            "num_key_value_heads": integer(configuration.keyValueHeadCount),
            "sliding_window": integer(configuration.slidingWindow ?? 0),
            "initial_context_length": integer(yarn.originalContextLength),
            "rope_theta": real(configuration.rotary.theta),
            "rope_scaling_factor": real(yarn.factor),
            "rope_ntk_alpha": real(yarn.betaSlow),
            "rope_ntk_beta": real(yarn.betaFast),
        ]
    }

    private static func originalTypes(_ configuration: ModelConfiguration) -> JSONValue {
        .object(
            JSONObject(
                OriginalLayout().allTensors(configuration).map { tensor in
                    let type = tensor.content == .numbers ? "BF16" : tensor.name.hasSuffix(".blocks") ? "FP4" : "UE8"
                    return (tensor.name, .string(type))
                }))
    }

    private static func index(_ plan: SyntheticCheckpoint.Plan) -> [UInt8] {
        var weightMap: [(tensor: String, shard: String)] = []
        var byteCount = 0
        for (shard, layout) in zip(plan.shards, plan.layouts) {
            for tensor in layout.tensors {
                weightMap.append((tensor.name, shard.name))
                byteCount += tensor.byteRange.count
            }
        }
        return ShardIndex.serialized(
            metadata: JSONObject([("total_size", .number(JSONNumber(byteCount)))]), weightMap: weightMap)
    }
}
