/// Which keys an attention layer sees.
public enum AttentionKind: String, Sendable, Equatable {
    /// The last `slidingWindow` positions, the current one included.
    case sliding = "sliding_attention"
    /// All positions up to the current one.
    case full = "full_attention"
}

/// How positions are rotated into queries and keys.
public struct RotaryConfiguration: Sendable, Equatable {
    /// YaRN's stretching of the frequencies (MODEL: inverse frequencies interpolate between f and f / factor).
    public struct YaRN: Sendable, Equatable {
        /// By how much the context was extended.
        public var factor: Double
        /// Rotations over the original context above which a dimension is left alone.
        public var betaFast: Double
        /// Rotations over the original context below which a dimension is stretched in full.
        public var betaSlow: Double
        /// Context length before the extension, in tokens.
        public var originalContextLength: Int
        /// Whether the borders of the ramp are rounded to whole dimensions.
        public var truncate: Bool
        /// What cosines and sines are multiplied by; nil for 0.1 * ln(factor) + 1.
        public var attentionFactor: Double?

        /// YaRN with the given parameters.
        public init(
            factor: Double, betaFast: Double, betaSlow: Double, originalContextLength: Int, truncate: Bool,
            attentionFactor: Double? = nil
        ) {
            self.factor = factor
            self.betaFast = betaFast
            self.betaSlow = betaSlow
            self.originalContextLength = originalContextLength
            self.truncate = truncate
            self.attentionFactor = attentionFactor
        }

        /// What the published models use, and what Hugging Face's configuration class falls back to.
        public static let published = YaRN(
            factor: 32, betaFast: 32, betaSlow: 1, originalContextLength: 4096, truncate: false)
    }

    /// The base of the frequencies.
    public var theta: Double
    /// Nil for plain rotary embeddings.
    public var yarn: YaRN?

    /// Rotary embeddings with a base and, if wanted, YaRN.
    public init(theta: Double, yarn: YaRN?) {
        self.theta = theta
        self.yarn = yarn
    }
}

/// A gpt-oss model's shape and constants, whatever dialect its config.json is written in.
public struct ModelConfiguration: Sendable, Equatable {
    /// Number of layers.
    public var layerCount: Int
    /// Width of the residual stream; a multiple of 32.
    public var hiddenSize: Int
    /// Width inside an expert; a multiple of 32.
    public var intermediateSize: Int
    /// Size of an attention head; even.
    public var headDim: Int
    /// Number of query heads; a multiple of `keyValueHeadCount`.
    public var queryHeadCount: Int
    /// Number of key and value heads.
    public var keyValueHeadCount: Int
    /// Experts per layer.
    public var expertCount: Int
    /// Experts that run for each token.
    public var expertsPerToken: Int
    /// Rows of the embedding.
    public var vocabularySize: Int
    /// Keys a sliding layer sees, the current one included; nil when every layer is full.
    public var slidingWindow: Int?
    /// The kind of each layer.
    public var layerKinds: [AttentionKind]
    /// Added to the mean square in RMS norms.
    public var rmsNormEpsilon: Double
    /// Rotary embedding.
    public var rotary: RotaryConfiguration
    /// Longest context in tokens.
    public var maximumContextLength: Int
    /// Limit of the clamped SwiGLU.
    public var swigluLimit: Double
    /// Factor inside the SwiGLU's sigmoid.
    public var swigluAlpha: Double
    /// Whether q, k, v and output projections have biases.
    public var attentionBias: Bool
    /// Whether the unembedding is the embedding.
    public var tiedEmbeddings: Bool
    /// Tokens that end a generation, ascending.
    public var endTokens: [Int32]
    /// The token that pads batches elsewhere; kept for the record.
    public var padToken: Int32?

    /// Rows of the fused query, key and value projection: queries, then keys, then values.
    public var fusedRows: Int { (queryHeadCount + 2 * keyValueHeadCount) * headDim }
    /// Columns of the attention's output projection.
    public var attentionWidth: Int { queryHeadCount * headDim }

    /// Weights of the model, biases, norms and both embeddings included.
    public var parameterCount: Int {
        let attention =
            fusedRows * hiddenSize + attentionWidth * hiddenSize + queryHeadCount
            + (attentionBias ? fusedRows + hiddenSize : 0)
        let experts =
            expertCount
            * (2 * intermediateSize * hiddenSize + 2 * intermediateSize + intermediateSize * hiddenSize + hiddenSize)
        let layer = attention + experts + expertCount * (hiddenSize + 1) + 2 * hiddenSize
        return layerCount * layer + hiddenSize + vocabularySize * hiddenSize * (tiedEmbeddings ? 1 : 2)
    }

    /// The published gpt-oss-20b.
    public static let gptOSS20B = published(layers: 24, experts: 32)
    /// The published gpt-oss-120b.
    public static let gptOSS120B = published(layers: 36, experts: 128)

    private static func published(layers: Int, experts: Int) -> ModelConfiguration {
        ModelConfiguration(
            layerCount: layers, hiddenSize: 2880, intermediateSize: 2880, headDim: 64, queryHeadCount: 64,
            keyValueHeadCount: 8, expertCount: experts, expertsPerToken: 4, vocabularySize: 201_088,
            slidingWindow: 128, layerKinds: alternatingKinds(layers), rmsNormEpsilon: 1e-5,
            rotary: RotaryConfiguration(theta: 150_000, yarn: .published), maximumContextLength: 131_072,
            swigluLimit: 7, swigluAlpha: 1.702, attentionBias: true, tiedEmbeddings: false,
            endTokens: [199_999, 200_002, 200_012], padToken: 199_999)
    }

    /// The layer kinds when a configuration names none: sliding first, then alternating.
    public static func alternatingKinds(_ layers: Int) -> [AttentionKind] {
        (0..<layers).map { $0 % 2 == 0 ? .sliding : .full }
    }

    /// A configuration given in full.
    public init(
        layerCount: Int, hiddenSize: Int, intermediateSize: Int, headDim: Int, queryHeadCount: Int,
        keyValueHeadCount: Int, expertCount: Int, expertsPerToken: Int, vocabularySize: Int, slidingWindow: Int?,
        layerKinds: [AttentionKind], rmsNormEpsilon: Double, rotary: RotaryConfiguration, maximumContextLength: Int,
        swigluLimit: Double, swigluAlpha: Double, attentionBias: Bool, tiedEmbeddings: Bool, endTokens: [Int32],
        padToken: Int32?
    ) {
        self.layerCount = layerCount
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.headDim = headDim
        self.queryHeadCount = queryHeadCount
        self.keyValueHeadCount = keyValueHeadCount
        self.expertCount = expertCount
        self.expertsPerToken = expertsPerToken
        self.vocabularySize = vocabularySize
        self.slidingWindow = slidingWindow
        self.layerKinds = layerKinds
        self.rmsNormEpsilon = rmsNormEpsilon
        self.rotary = rotary
        self.maximumContextLength = maximumContextLength
        self.swigluLimit = swigluLimit
        self.swigluAlpha = swigluAlpha
        self.attentionBias = attentionBias
        self.tiedEmbeddings = tiedEmbeddings
        self.endTokens = endTokens
        self.padToken = padToken
    }
}
