/// The shapes of synthetic checkpoints.
public enum SyntheticSize: String, Sendable, CaseIterable {
    /// The published gpt-oss-20b's.
    case gptOSS20B = "gpt-oss-20b"
    /// The published gpt-oss-120b's.
    case gptOSS120B = "gpt-oss-120b"
    /// The first four layers of gpt-oss-20b: its kernels' shapes in 4.2 GB, for comparisons on small machines.
    case fourLayers = "4-layer"
    /// Four narrow layers under the published vocabulary: about 50 MB, a second to write.
    case tiny

    /// The model's shape and constants.
    public var configuration: ModelConfiguration {
        switch self {
        case .gptOSS20B: return .gptOSS20B
        case .gptOSS120B: return .gptOSS120B
        case .fourLayers:
            var configuration = ModelConfiguration.gptOSS20B
            configuration.layerCount = 4
            configuration.layerKinds = ModelConfiguration.alternatingKinds(4)
            return configuration
        case .tiny:
            var configuration = SyntheticSize.fourLayers.configuration
            configuration.hiddenSize = 64
            configuration.intermediateSize = 64
            configuration.headDim = 32
            configuration.queryHeadCount = 4
            configuration.keyValueHeadCount = 2
            configuration.expertCount = 8
            configuration.expertsPerToken = 2
            return configuration
        }
    }
}
