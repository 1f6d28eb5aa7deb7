import Checkpoint
import JSON
import TestSupport
import Testing

@Suite("Model configuration")
struct ConfigurationTests {
    private func read(_ json: String, generation: String? = nil) -> (ModelConfiguration?, [Finding]) {
        ConfigurationReader.read(
            config: Array(json.utf8), generation: generation.map { Array($0.utf8) }, path: "config.json")
    }

    /// The published config.json's keys, with `changes` in place.
    private func published(_ changes: [String: JSONValue?] = [:]) -> String {
        var object = JSONObject([
            ("architectures", ["GptOssForCausalLM"]), ("model_type", "gpt_oss"), ("num_hidden_layers", 24),
            ("hidden_size", 2880), ("intermediate_size", 2880), ("head_dim", 64), ("num_attention_heads", 64),
            ("num_key_value_heads", 8), ("num_local_experts", 32), ("num_experts_per_tok", 4), ("experts_per_token", 4),
            ("sliding_window", 128), ("rms_norm_eps", 1e-05), ("rope_theta", 150000),
            (
                "rope_scaling",
                [
                    "rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0,
                    "original_max_position_embeddings": 4096, "truncate": false,
                ]
            ),
            ("initial_context_length", 4096), ("max_position_embeddings", 131072), ("swiglu_limit", 7.0),
            ("attention_bias", true), ("tie_word_embeddings", false), ("vocab_size", 201088), ("eos_token_id", 200002),
            ("pad_token_id", 199999), ("hidden_act", "silu"), ("quantization_config", ["quant_method": "mxfp4"]),
        ])
        for (key, value) in changes {
            if let value { object[key] = value } else { object.removeValue(forKey: key) }
        }
        return JSONValue.object(object).serialized()
    }

    @Test("the published file gives the published model")
    func publishedFile() throws {
        let (configuration, findings) = read(
            published(), generation: #"{"eos_token_id":[200002,199999],"pad_token_id":199999}"#)
        #expect(findings == [])
        #expect(configuration == .gptOSS20B)
        #expect(configuration?.parameterCount == 20_914_757_184)
        #expect(ModelConfiguration.gptOSS120B.parameterCount == 116_829_156_672)
    }

    @Test("the new dialect gives the same")
    func newDialect() {
        let (configuration, findings) = read(
            published([
                "rope_scaling": .some(nil), "rope_theta": .some(nil), "initial_context_length": .some(nil),
                "experts_per_token": .some(nil), "swiglu_alpha": 1.702, "eos_token_id": [200002, 199999, 200012],
                "rope_parameters": [
                    "rope_type": "yarn", "rope_theta": 150000.0, "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0,
                    "original_max_position_embeddings": 4096, "truncate": false,
                ],
            ]))
        #expect(findings == [])
        #expect(configuration == .gptOSS20B)
    }

    @Test("OpenAI's own dialect gives the same but for the end-of-text token")
    func originalDialect() throws {
        let (configuration, findings) = read(
            """
            {"num_hidden_layers": 24, "num_experts": 32, "experts_per_token": 4, "vocab_size": 201088,
            "hidden_size": 2880, "intermediate_size": 2880, "swiglu_limit": 7.0, "head_dim": 64,
            "num_attention_heads": 64, "num_key_value_heads": 8, "sliding_window": 128,
            "initial_context_length": 4096, "rope_theta": 150000.0, "rope_scaling_factor": 32.0,
            "rope_ntk_alpha": 1.0, "rope_ntk_beta": 32.0}
            """)
        #expect(findings == [])
        var expected = ModelConfiguration.gptOSS20B
        expected.endTokens = [200_002, 200_012]
        expected.padToken = nil
        #expect(configuration == expected)
    }

    @Test("rope_parameters win over rope_scaling")
    func ropePrecedence() {
        let configuration = read(
            published(["rope_parameters": ["rope_type": "default", "rope_theta": 10000]])
        ).0
        #expect(configuration?.rotary == RotaryConfiguration(theta: 10_000, yarn: nil))
    }

    @Test("rope_scaling null or absent means YaRN with factor 32; only 'default' is plain")
    func ropeDefaults() {
        let (null, findings) = read(published(["rope_scaling": .null]))
        #expect(null?.rotary.yarn == .published)
        #expect(findings.map(\.code) == [.configurationDefaulted])
        #expect(read(published(["rope_scaling": .some(nil)])).0?.rotary.yarn == .published)
        #expect(read(published(["rope_scaling": ["rope_type": "default"]])).0?.rotary.yarn == nil)
        #expect(
            read(published(["rope_scaling": ["type": "linear", "factor": 2]])).1.map(\.code) == [.unsupportedRotary])
    }

    @Test("truncate is true when rope_scaling does not say")
    func truncate() {
        let configuration = read(published(["rope_scaling": ["rope_type": "yarn", "factor": 16]])).0
        #expect(configuration?.rotary.yarn?.truncate == true)
        #expect(configuration?.rotary.yarn?.factor == 16)
        #expect(configuration?.rotary.yarn?.originalContextLength == 4096)
    }

    @Test("layer types alternate when absent, are obeyed when given, and all full without a window")
    func layerKinds() {
        #expect(read(published()).0?.layerKinds.prefix(3) == [.sliding, .full, .sliding])
        let given = read(
            published(["num_hidden_layers": 2, "layer_types": ["full_attention", "sliding_attention"]])
        ).0
        #expect(given?.layerKinds == [.full, .sliding])
        let full = read(published(["sliding_window": .null])).0
        #expect(full?.slidingWindow == nil && full?.layerKinds.allSatisfy { $0 == .full } == true)
        #expect(read(published(["layer_types": ["full_attention"]])).1.map(\.code) == [.configurationInvalid])
        #expect(read(published(["layer_types": ["chunked"]])).1.map(\.code) == [.configurationInvalid])
    }

    @Test("return and call always end a generation with the published vocabulary")
    func endTokens() {
        #expect(read(published(["eos_token_id": 199999])).0?.endTokens == [199_999, 200_002, 200_012])
        #expect(read(published(["vocab_size": 512, "eos_token_id": [510, 9999]])).0?.endTokens == [510])
        #expect(read(published(["eos_token_id": .null])).0?.endTokens == [200_002, 200_012])
    }

    @Test("defaults of optional keys")
    func defaults() {
        let configuration = read(
            published([
                "swiglu_limit": .some(nil), "attention_bias": .some(nil), "tie_word_embeddings": .some(nil),
                "rms_norm_eps": .some(nil), "max_position_embeddings": .some(nil), "head_dim": .some(nil),
                "num_attention_heads": 45,
                "num_key_value_heads": 9,
            ])
        ).0
        #expect(configuration?.swigluLimit == 7 && configuration?.swigluAlpha == 1.702)
        #expect(configuration?.attentionBias == true && configuration?.tiedEmbeddings == false)
        #expect(configuration?.rmsNormEpsilon == 1e-5 && configuration?.maximumContextLength == 131_072)
        #expect(configuration?.headDim == 64)
    }

    @Test(
        "absurd values are refused with the key's name",
        arguments: [
            ("num_hidden_layers", 1_000_000), ("num_hidden_layers", 0), ("hidden_size", Int.max), ("hidden_size", 100),
            ("intermediate_size", -32), ("head_dim", 63), ("num_attention_heads", 63), ("num_key_value_heads", 0),
            ("num_local_experts", 1 << 40), ("num_experts_per_tok", 33), ("vocab_size", 0), ("vocab_size", Int.max),
            ("max_position_embeddings", 0), ("hidden_size", 65_536),
        ])
    func absurd(key: String, value: Int) throws {
        var changes: [String: JSONValue?] = [key: .number(JSONNumber(value))]
        if value == 65_536 { changes["intermediate_size"] = 65_536 }
        let (configuration, findings) = read(published(changes))
        #expect(configuration == nil)
        let finding = try #require(findings.first)
        #expect(finding.code == .configurationLimit)
        #expect(finding.message.contains(key))
    }

    @Test("wrong types are all reported at once")
    func wrongTypes() {
        let (configuration, findings) = read(
            published(["num_hidden_layers": "24", "hidden_size": 2880.5, "attention_bias": 1, "vocab_size": .some(nil)])
        )
        #expect(configuration == nil)
        #expect(findings.count == 4 && findings.allSatisfy { $0.code == .configurationInvalid })
    }

    @Test("whole numbers may be written as 4096.0")
    func wholeDoubles() {
        #expect(read(published(["sliding_window": 128.0])).0?.slidingWindow == 128)
    }

    @Test("other architectures are refused")
    func architectures() {
        let findings = read(published(["model_type": "llama", "architectures": ["LlamaForCausalLM"]])).1
        #expect(findings.map(\.code) == [.unsupportedArchitecture])
        #expect(findings.first?.message.hasSuffix("model_type 'llama' and architecture 'LlamaForCausalLM'") == true)
        #expect(read(published(["model_type": .some(nil)])).1 == [])
        #expect(read("{}").1.contains { $0.code == .unsupportedArchitecture })
    }

    @Test("files that are no JSON object are refused")
    func notJSON() {
        for text in ["", "null", "[1]", "{", "\u{FEFF}{}", String(repeating: "[", count: 100_000)] {
            #expect(read(text).1.map(\.code) == [.configurationInvalid], "\(text.prefix(5))")
        }
        let (configuration, findings) = read(published(), generation: "[")
        #expect(configuration != nil && findings.map(\.code) == [.generationConfigurationInvalid])
    }

    @Test("what is written is read back unchanged")
    func roundTrip() {
        var odd = ModelConfiguration.gptOSS20B
        odd.slidingWindow = nil
        odd.layerKinds = Array(repeating: .full, count: 24)
        odd.rotary = RotaryConfiguration(theta: 12_345.5, yarn: nil)
        odd.attentionBias = false
        odd.tiedEmbeddings = true
        odd.swigluLimit = 3.5
        odd.padToken = nil
        var scaled = ModelConfiguration.gptOSS120B
        scaled.rotary.yarn?.attentionFactor = 1.25
        scaled.rotary.yarn?.truncate = true
        for configuration in [ModelConfiguration.gptOSS20B, .gptOSS120B, odd, scaled] {
            let (back, findings) = read(configuration.json.serialized())
            #expect(back == configuration)
            #expect(findings == [])
        }
    }

    @Test("the fixtures' dialects agree", arguments: ["d1-base", "d2-gqa8", "d4-allexp"])
    func fixtures(model: String) throws {
        let all = try ["hf-mxfp4", "hf-bf16", "original"].map { layout in
            try #require(
                ConfigurationReader.read(
                    config: fixtureBytes("checkpoints/\(model)/\(layout)/config.json"), path: layout
                ).configuration)
        }
        for configuration in all {
            var same = configuration
            same.endTokens = all[0].endTokens
            same.padToken = all[0].padToken
            #expect(same == all[0])
        }
    }

    @Test("three thousand mutations of a configuration never trap")
    func mutations() {
        var random = ConversionTests.Random(state: 7)
        let original = Array(published().utf8)
        for _ in 0..<3_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 32...126, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 0x30...0x39, using: &random), at: index)
                }
            }
            let (configuration, findings) = ConfigurationReader.read(config: bytes, generation: bytes, path: "x")
            #expect(configuration != nil || findings.contains { $0.severity == .error })
        }
    }
}
