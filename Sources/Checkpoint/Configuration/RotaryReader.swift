import JSON

/// Reads the rotary embedding's parameters in the three dialects.
enum RotaryReader {
    private static let thetaRange = 1.0...1e12
    private static let factorRange = 1e-3...1e6

    /// Hugging Face: `rope_parameters` if it is there, else `rope_scaling` and `rope_theta`.
    static func read(_ fields: inout ConfigurationFields) -> RotaryConfiguration {
        var theta = fields.number("rope_theta", in: thetaRange, default: 150_000)
        guard let (key, value) = fields.value(["rope_parameters", "rope_scaling"]) else {
            if fields.object["rope_scaling"]?.isNull == true {
                fields.add(
                    Finding(
                        .configurationDefaulted, path: fields.path,
                        "rope_scaling is null, which Hugging Face's gpt-oss code reads as YaRN with factor 32",
                        remedy: "Nothing to do; rope_type 'default' is how plain rotary embeddings are asked for"))
            }
            return RotaryConfiguration(theta: theta, yarn: .published)
        }
        guard let object = value.objectValue else {
            fields.invalid(key, "an object expected, found \(ConfigurationFields.short(value))", remedy: "Correct it")
            return RotaryConfiguration(theta: theta, yarn: nil)
        }
        var scaling = ConfigurationFields(object, path: fields.path)
        theta = scaling.number("rope_theta", in: thetaRange, default: theta)
        let type = scaling.value(["rope_type", "type"])?.value.stringValue ?? "default"
        var yarn: RotaryConfiguration.YaRN?
        switch type {
        case "default": break
        case "yarn":
            let initial = fields.integer("initial_context_length", in: 1...1 << 30, default: 4096)
            let factor = scaling.number("attention_factor", in: 1e-6...1e6, default: -1)
            yarn = RotaryConfiguration.YaRN(
                factor: scaling.number("factor", in: factorRange, default: 32),
                betaFast: scaling.number("beta_fast", in: 1e-6...1e6, default: 32),
                betaSlow: scaling.number("beta_slow", in: 1e-6...1e6, default: 1),
                originalContextLength: scaling.integer(
                    "original_max_position_embeddings", in: 1...1 << 30, default: initial),
                truncate: scaling.flag("truncate", default: true),
                attentionFactor: factor > 0 ? factor : nil)
        default:
            fields.add(
                Finding(
                    .unsupportedRotary, path: fields.path,
                    "\(key).rope_type: 'yarn' or 'default' expected, found '\(type)'",
                    remedy: "gpt-oss models use YaRN; correct it or convert the model"))
        }
        for finding in scaling.findings {
            fields.add(
                Finding(finding.code, path: finding.path, "\(key).\(finding.message)", remedy: finding.remedy))
        }
        return RotaryConfiguration(theta: theta, yarn: yarn)
    }

    /// OpenAI's names: `rope_ntk_alpha` is YaRN's beta_slow, `rope_ntk_beta` its beta_fast; the ramp is never truncated.
    static func readOriginal(_ fields: inout ConfigurationFields) -> RotaryConfiguration {
        let factor = fields.number("rope_scaling_factor", in: factorRange, default: 32)
        return RotaryConfiguration(
            theta: fields.number("rope_theta", in: thetaRange, default: 150_000),
            yarn: RotaryConfiguration.YaRN(
                factor: factor,
                betaFast: fields.number("rope_ntk_beta", in: 1e-6...1e6, default: 32),
                betaSlow: fields.number("rope_ntk_alpha", in: 1e-6...1e6, default: 1),
                originalContextLength: fields.integer("initial_context_length", in: 1...1 << 30, default: 4096),
                truncate: false))
    }
}
