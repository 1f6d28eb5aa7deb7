import Checkpoint

/// What the forward pass needs to know of a model: sizes and constants, all checked.
///
/// Names follow the gpt-oss reference; `MODEL`-level meaning is given with each field.
struct ModelShape: Sendable, Equatable {
    /// Transformer blocks.
    var layers: Int
    /// Width of the residual stream.
    var hiddenSize: Int
    /// Units of one expert.
    var intermediateSize: Int
    /// Floats per attention head, even.
    var headDim: Int
    /// Query heads.
    var queryHeads: Int
    /// Key/value heads; divides `queryHeads`.
    var keyValueHeads: Int
    /// Experts per layer.
    var experts: Int
    /// Experts that each token uses.
    var expertsPerToken: Int
    /// Token ids are 0..<vocabularySize.
    var vocabularySize: Int
    /// For each layer, the number of positions it sees, itself included; nil sees all.
    var windows: [Int?]
    /// Added to the mean square in the norms.
    var normEpsilon: Float
    /// Clamp of SwiGLU's inputs.
    var swigluLimit: Float
    /// Factor inside SwiGLU's sigmoid; 1.702 in gpt-oss.
    var swigluAlpha: Float
    /// Rotary embedding.
    var rotary: RotaryEmbedding
    /// The longest sequence that the model was made for.
    var maximumContext: Int

    /// Query heads that share one key/value head.
    var groupSize: Int { queryHeads / keyValueHeads }
    /// Floats of all query heads.
    var queryWidth: Int { queryHeads * headDim }
    /// Floats of all key (or value) heads.
    var keyValueWidth: Int { keyValueHeads * headDim }

    /// A layer's place within its pool of key/value pages: layers with a window share one pool, the others another.
    func poolIndex(of layer: Int) -> Int {
        windows[..<layer].count { ($0 == nil) == (windows[layer] == nil) }
    }
    /// Layers that see everything.
    var fullLayers: Int { windows.filter { $0 == nil }.count }
    /// Layers with a window.
    var slidingLayers: Int { windows.count - fullLayers }
    /// The widest window, 0 if none.
    var widestWindow: Int { windows.reduce(0) { max($0, $1 ?? 0) } }
}

extension ModelShape {
    /// The shape that a checked configuration describes.
    init(_ configuration: ModelConfiguration) {
        self.init(
            layers: configuration.layerCount, hiddenSize: configuration.hiddenSize,
            intermediateSize: configuration.intermediateSize, headDim: configuration.headDim,
            queryHeads: configuration.queryHeadCount, keyValueHeads: configuration.keyValueHeadCount,
            experts: configuration.expertCount, expertsPerToken: configuration.expertsPerToken,
            vocabularySize: configuration.vocabularySize,
            windows: configuration.layerKinds.map { $0 == .sliding ? configuration.slidingWindow : nil },
            normEpsilon: Float(configuration.rmsNormEpsilon), swigluLimit: Float(configuration.swigluLimit),
            swigluAlpha: Float(configuration.swigluAlpha),
            rotary: RotaryEmbedding(headDim: configuration.headDim, configuration.rotary),
            maximumContext: configuration.maximumContextLength)
    }
}
