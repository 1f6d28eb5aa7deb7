import JSON

extension ModelConfiguration {
    /// The configuration in Hugging Face's newest dialect, complete: `ConfigurationReader` reads it back unchanged.
    public var json: JSONValue {
        var rope = JSONObject([("rope_type", "default"), ("rope_theta", .number(JSONNumber(rotary.theta)))])
        if let yarn = rotary.yarn {
            rope["rope_type"] = "yarn"
            rope["factor"] = .number(JSONNumber(yarn.factor))
            rope["beta_fast"] = .number(JSONNumber(yarn.betaFast))
            rope["beta_slow"] = .number(JSONNumber(yarn.betaSlow))
            rope["original_max_position_embeddings"] = .number(JSONNumber(yarn.originalContextLength))
            rope["truncate"] = .bool(yarn.truncate)
            if let factor = yarn.attentionFactor { rope["attention_factor"] = .number(JSONNumber(factor)) }
        }
        func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
        return .object(
            JSONObject([
                ("architectures", ["GptOssForCausalLM"]),
                ("model_type", "gpt_oss"),
                ("num_hidden_layers", integer(layerCount)),
                ("hidden_size", integer(hiddenSize)),
                ("intermediate_size", integer(intermediateSize)),
                ("head_dim", integer(headDim)),
                ("num_attention_heads", integer(queryHeadCount)),
                ("num_key_value_heads", integer(keyValueHeadCount)),
                ("num_local_experts", integer(expertCount)),
                ("num_experts_per_tok", integer(expertsPerToken)),
                ("vocab_size", integer(vocabularySize)),
                ("sliding_window", slidingWindow.map(integer) ?? .null),
                ("layer_types", .array(layerKinds.map { .string($0.rawValue) })),
                ("rms_norm_eps", .number(JSONNumber(rmsNormEpsilon))),
                ("rope_parameters", .object(rope)),
                ("max_position_embeddings", integer(maximumContextLength)),
                ("swiglu_limit", .number(JSONNumber(swigluLimit))),
                ("swiglu_alpha", .number(JSONNumber(swigluAlpha))),
                ("attention_bias", .bool(attentionBias)),
                ("tie_word_embeddings", .bool(tiedEmbeddings)),
                ("eos_token_id", .array(endTokens.map { integer(Int($0)) })),
                ("pad_token_id", padToken.map { integer(Int($0)) } ?? .null),
                ("hidden_act", "silu"),
            ]))
    }
}
