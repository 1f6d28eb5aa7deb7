import JSON

/// Reads config.json (and generation_config.json) in every dialect that gpt-oss checkpoints come in.
///
/// Dialects: Hugging Face's old one (`rope_scaling` and `rope_theta`), its new one (`rope_parameters`), and OpenAI's own
/// (`num_experts`, `rope_scaling_factor`, no names of architectures).
public enum ConfigurationReader {
    /// Reads a configuration; never traps, whatever the bytes are.
    /// - Parameters:
    ///   - config: the bytes of config.json.
    ///   - generation: the bytes of generation_config.json, if there is one.
    ///   - path: of config.json, for the findings.
    /// - Returns: the configuration when it is usable, and everything that is wrong or notable.
    public static func read(
        config: [UInt8], generation: [UInt8]? = nil, path: String, generationPath: String = "generation_config.json"
    ) -> (configuration: ModelConfiguration?, findings: [Finding]) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(config, limits: .checkpointFiles)
        } catch {
            return (
                nil,
                [
                    Finding(
                        .configurationInvalid, path: path, "it is not valid JSON: \(error)", remedy: "Restore the file")
                ]
            )
        }
        guard let object = value.objectValue else {
            return (
                nil,
                [
                    Finding(
                        .configurationInvalid, path: path,
                        "a JSON object expected, found \(ConfigurationFields.short(value))",
                        remedy: "Restore the file")
                ]
            )
        }
        var fields = ConfigurationFields(object, path: path)
        checkArchitecture(&fields)
        var configuration = read(&fields)
        var generationFindings: [Finding] = []
        if let generation {
            let (tokens, findings) = endTokens(inGenerationConfiguration: generation, path: generationPath)
            configuration.endTokens.append(contentsOf: tokens)
            generationFindings = findings
        }
        configuration.endTokens = normalisedEndTokens(configuration)
        checkConsistency(configuration, &fields)
        let findings = fields.findings + generationFindings
        return (findings.contains { $0.severity == .error } ? nil : configuration, findings)
    }

    /// Whether the configuration is written with OpenAI's own names.
    static func isOriginalDialect(_ object: JSONObject) -> Bool {
        object["num_experts"] != nil && object["num_local_experts"] == nil && object["model_type"] == nil
    }

    private static func checkArchitecture(_ fields: inout ConfigurationFields) {
        if isOriginalDialect(fields.object) { return }
        let type = fields.object["model_type"]?.stringValue
        let architectures = (fields.object["architectures"]?.arrayValue ?? []).compactMap(\.stringValue)
        if type == "gpt_oss" || (type == nil && architectures.contains("GptOssForCausalLM")) { return }
        let found =
            [type.map { "model_type '\($0)'" }, architectures.first.map { "architecture '\($0)'" }]
            .compactMap { $0 }.joined(separator: " and ")
        fields.add(
            Finding(
                .unsupportedArchitecture, path: fields.path,
                "model_type 'gpt_oss' or architecture 'GptOssForCausalLM' expected, found \(found.isEmpty ? "neither" : found)",
                remedy: "Only gpt-oss models, original or fine-tuned, can be imported"))
    }

    private static func read(_ fields: inout ConfigurationFields) -> ModelConfiguration {
        let isOriginal = isOriginalDialect(fields.object)
        let layers = fields.integer("num_hidden_layers", in: 1...1024)
        let hidden = fields.integer("hidden_size", in: 32...65_536)
        let heads = fields.integer("num_attention_heads", in: 1...1024)
        let yarnContext: Int
        let rotary: RotaryConfiguration
        if isOriginal {
            rotary = RotaryReader.readOriginal(&fields)
            yarnContext = Int(Double(rotary.yarn?.originalContextLength ?? 4096) * (rotary.yarn?.factor ?? 1))
        } else {
            rotary = RotaryReader.read(&fields)
            yarnContext = 131_072
        }
        let window = slidingWindow(&fields)
        return ModelConfiguration(
            layerCount: layers,
            hiddenSize: hidden,
            intermediateSize: fields.integer("intermediate_size", in: 32...65_536),
            headDim: fields.integer("head_dim", in: 2...1024, default: max(2, hidden / max(heads, 1))),
            queryHeadCount: heads,
            keyValueHeadCount: fields.integer("num_key_value_heads", in: 1...1024, default: heads),
            expertCount: fields.integer("num_local_experts", "num_experts", in: 1...4096),
            expertsPerToken: fields.integer("num_experts_per_tok", "experts_per_token", in: 1...256, default: 4),
            vocabularySize: fields.integer("vocab_size", in: 1...16_777_216),
            slidingWindow: window,
            layerKinds: layerKinds(&fields, layers: layers, window: window),
            rmsNormEpsilon: fields.number("rms_norm_eps", in: 0...1, default: 1e-5),
            rotary: rotary,
            maximumContextLength: fields.integer(
                "max_position_embeddings", in: 1...1 << 30, default: min(max(yarnContext, 1), 1 << 30)),
            swigluLimit: fields.number("swiglu_limit", in: 1e-6...1e9, default: 7),
            swigluAlpha: fields.number("swiglu_alpha", in: 1e-6...1e6, default: 1.702),
            attentionBias: fields.flag("attention_bias", default: true),
            tiedEmbeddings: fields.flag("tie_word_embeddings", default: false),
            endTokens: fields.tokens("eos_token_id"),
            padToken: fields.tokens("pad_token_id").first)
    }

    private static func slidingWindow(_ fields: inout ConfigurationFields) -> Int? {
        if let value = fields.object["sliding_window"], value.isNull { return nil }
        let window = fields.integer("sliding_window", in: 0...1 << 30, default: 128)
        return window == 0 ? nil : window
    }

    private static func layerKinds(_ fields: inout ConfigurationFields, layers: Int, window: Int?) -> [AttentionKind] {
        guard let (_, value) = fields.value(["layer_types"]) else {
            return window == nil
                ? [AttentionKind](repeating: .full, count: layers) : ModelConfiguration.alternatingKinds(layers)
        }
        let kinds = (value.arrayValue ?? []).prefix(1025).compactMap { $0.stringValue.flatMap(AttentionKind.init) }
        guard kinds.count == value.arrayValue?.count else {
            fields.invalid(
                "layer_types",
                "a list of 'sliding_attention' and 'full_attention' expected, found "
                    + ConfigurationFields.short(value), remedy: "Correct it")
            return ModelConfiguration.alternatingKinds(layers)
        }
        // A refused number of layers is reported already; nothing can be compared with it.
        if let (_, given) = fields.value(["num_hidden_layers"]), given.doubleValue != Double(layers) {
            return ModelConfiguration.alternatingKinds(layers)
        }
        guard kinds.count == layers else {
            fields.invalid(
                "layer_types", "\(kinds.count) kinds for \(layers) layers", remedy: "Give one kind for each layer")
            return ModelConfiguration.alternatingKinds(layers)
        }
        return window == nil ? [AttentionKind](repeating: .full, count: layers) : kinds
    }

    /// The end tokens of a generation_config.json; a file that is wrong only costs a warning.
    private static func endTokens(
        inGenerationConfiguration bytes: [UInt8], path: String
    ) -> (tokens: [Int32], findings: [Finding]) {
        guard let object = (try? JSONValue.parse(bytes, limits: .checkpointFiles))?.objectValue else {
            return (
                [],
                [
                    Finding(
                        .generationConfigurationInvalid, path: path,
                        "it is not a JSON object, so its end tokens are not known",
                        remedy: "Restore the file or delete it")
                ]
            )
        }
        var fields = ConfigurationFields(object, path: path)
        let tokens = fields.tokens("eos_token_id")
        let findings = fields.findings.map {
            Finding(.generationConfigurationInvalid, path: path, $0.message, remedy: $0.remedy)
        }
        return (tokens, findings)
    }

    /// The published vocabulary's `<|return|>` (200002) and `<|call|>` (200012) always end a generation: early revisions
    /// of the published files lack the second.
    private static func normalisedEndTokens(_ configuration: ModelConfiguration) -> [Int32] {
        var tokens = Set(configuration.endTokens)
        if configuration.vocabularySize > 200_012 { tokens.formUnion([200_002, 200_012]) }
        return tokens.filter { Int($0) < configuration.vocabularySize }.sorted()
    }

    private static func checkConsistency(_ configuration: ModelConfiguration, _ fields: inout ConfigurationFields) {
        if fields.findings.contains(where: { $0.severity == .error }) { return }
        for (key, value) in [
            ("hidden_size", configuration.hiddenSize), ("intermediate_size", configuration.intermediateSize),
            ("num_attention_heads * head_dim", configuration.attentionWidth),
        ] where value % 32 != 0 {
            fields.limit(key, "\(value) is no multiple of 32, the size of an MXFP4 block")
        }
        if configuration.headDim % 2 != 0 { fields.limit("head_dim", "\(configuration.headDim) is odd") }
        if configuration.queryHeadCount % configuration.keyValueHeadCount != 0 {
            fields.limit(
                "num_attention_heads",
                "\(configuration.queryHeadCount) is no multiple of num_key_value_heads \(configuration.keyValueHeadCount)"
            )
        }
        if configuration.expertsPerToken > configuration.expertCount {
            fields.limit(
                "num_experts_per_tok", "\(configuration.expertsPerToken) of \(configuration.expertCount) experts")
        }
        // One expert's matrix is converted in memory at a time on each processor.
        if configuration.hiddenSize * configuration.intermediateSize > 1 << 26 {
            fields.limit("hidden_size * intermediate_size", "one expert would have more than 2^27 weights in a matrix")
        }
    }
}
