import OutcropNumerics

/// The forward pass's memory between its phases, sized once for the largest step.
final class Workspace {
    /// The most tokens in one step.
    let tokens: Int
    /// The most rows of logits computed at once.
    let logitRows: Int

    /// The residual stream.
    let hidden: FloatMatrix
    /// The normalised residual.
    let normed: FloatMatrix
    let qkv: FloatMatrix
    let attention: FloatMatrix
    let projected: FloatMatrix
    let routerLogits: FloatMatrix
    let rotation: RotaryTable
    /// `normed` as the products want it, hiddenSize wide.
    let hiddenInput: Activations
    /// `normed` in full precision, for the router.
    let routerInput: Activations
    /// `attention` as the output product wants it.
    let attentionInput: Activations
    /// `hiddenInput` grouped by expert.
    let expertInput: Activations
    /// SwiGLU's results grouped by expert.
    let expertUnits: Activations
    /// The final norm's rows as the unembedding wants them.
    let logitInput: Activations
    let logits: FloatMatrix
    /// One per thread.
    let lanes: [Lane]
    var routing = ExpertRouting()
    /// The step's attention in layers that see everything, in those with a window, and in the last one where it is of some
    /// rows only.
    var attentionPlans = (full: AttentionPlan(), sliding: AttentionPlan(), last: AttentionPlan())

    /// What one thread needs for itself.
    final class Lane {
        /// Tokens up to which an expert's products are taken in one piece.
        static let wideTokens = 16
        /// Rows of a product taken at once for more tokens: small enough to stay in the second-level cache.
        static let narrowRowGroups = 8

        let scratch: KernelSet.Scratch
        /// [wideTokens][gate/up or hidden rows].
        let wide: FloatMatrix
        /// [tokens][16 * narrowRowGroups].
        let narrow: FloatMatrix
        /// SwiGLU's results before their conversion; as wide as half of `wide`.
        let units: FloatMatrix
        /// The same for `narrow`.
        let narrowUnits: FloatMatrix

        init(shape: ModelShape, tokens: Int) throws(NumericsError) {
            scratch = try KernelSet.Scratch(
                columns: max(shape.hiddenSize, shape.intermediateSize, shape.queryWidth),
                group: shape.groupSize, headDim: shape.headDim)
            let rows = max(2 * shape.intermediateSize, shape.hiddenSize)
            wide = try FloatMatrix(rows: Lane.wideTokens, columns: rows)
            units = try FloatMatrix(rows: Lane.wideTokens, columns: shape.intermediateSize)
            narrow = try FloatMatrix(rows: tokens, columns: 16 * Lane.narrowRowGroups)
            narrowUnits = try FloatMatrix(rows: tokens, columns: 8 * Lane.narrowRowGroups)
        }
    }

    init(shape: ModelShape, tokens: Int, logitRows: Int, threads: Int) throws(NumericsError) {
        self.tokens = tokens
        self.logitRows = logitRows
        let routed = tokens * shape.expertsPerToken
        hidden = try FloatMatrix(rows: tokens, columns: shape.hiddenSize)
        normed = try FloatMatrix(rows: tokens, columns: shape.hiddenSize)
        qkv = try FloatMatrix(rows: tokens, columns: shape.queryWidth + 2 * shape.keyValueWidth)
        attention = try FloatMatrix(rows: tokens, columns: shape.queryWidth)
        projected = try FloatMatrix(rows: tokens, columns: shape.hiddenSize)
        routerLogits = try FloatMatrix(rows: tokens, columns: shape.experts)
        rotation = try RotaryTable(rows: tokens, headDim: shape.headDim)
        hiddenInput = try Activations(capacity: tokens, columns: shape.hiddenSize)
        routerInput = try Activations(capacity: tokens, columns: shape.hiddenSize)
        attentionInput = try Activations(capacity: tokens, columns: shape.queryWidth)
        expertInput = try Activations(capacity: routed, columns: shape.hiddenSize)
        expertUnits = try Activations(capacity: routed, columns: shape.intermediateSize)
        logitInput = try Activations(capacity: logitRows, columns: shape.hiddenSize)
        logits = try FloatMatrix(rows: logitRows, columns: shape.vocabularySize)
        var lanes: [Lane] = []
        for _ in 0..<threads { lanes.append(try Lane(shape: shape, tokens: tokens)) }
        self.lanes = lanes
    }
}
