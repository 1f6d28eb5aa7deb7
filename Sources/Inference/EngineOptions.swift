import OutcropNumerics

/// How an engine runs a model.
public struct EngineOptions: Sendable {
    /// How exact the products are.
    public var precision: Precision
    /// What keys and values are kept as in the fast precision; the f32 precision keeps them as floats.
    public var keyValueType: KeyValueType
    /// The instruction set to use; the best of the machine if nil.
    public var instructionSet: String?
    /// Threads that compute; one per core that this process may use if nil.
    public var threads: Int?
    /// Whether each thread stays on a core of its own, so that on a machine of several NUMA nodes a node reads its share of
    /// the weights from its own memory.
    public var pinsThreads: Bool
    /// The longest sequence to serve; the model's own limit, or what fits into memory, if nil.
    public var contextLength: Int?
    /// Bytes for keys and values; a share of the free memory if nil.
    public var keyValueBytes: Int?
    /// The most tokens computed in one step: longer prompts are cut into chunks of this size.
    public var stepTokens: Int
    /// The most sequences computed at once.
    public var runningSequences: Int
    /// The most requests that wait for a place.
    public var waitingRequests: Int
    /// Whether what was computed is kept in memory for prompts that begin alike.
    public var reusesPrefixes: Bool
    /// Seconds that a step should take while anyone's answer is being generated: prompts are computed in chunks that fit. While
    /// nobody's is, a step may take eight times as long. No limit if nil.
    public var stepSeconds: Double?
    /// Bytes of the prefixes used last that are written to a file in the artifact's folder when the engine ends and read when
    /// it starts; none if nil. The file holds what users wrote, and only its owner may read it.
    public var prefixFileBytes: Int?
    /// Told in a sentence what went wrong without stopping the engine.
    public var report: @Sendable (String) -> Void
    /// Whether a token's results are the same bits whatever else runs, so that a seed fixes a text. Always so for
    /// `Precision.f32`, and for `fast` on machines without matrix units that run int8 dense weights; elsewhere prompts (and,
    /// with bf16 dense weights, many conversations at once) are computed more slowly.
    public var isDeterministic: Bool
    /// Whether tokens are guessed from what a sequence holds already and computed ahead where that pays. Changes no text;
    /// done only as far as wider steps compute each token to the same bits.
    public var speculates: Bool
    /// Computes all guesses, whether that pays or not (tests).
    var speculatesEagerly = false

    /// The defaults serve a whole machine.
    public init(
        precision: Precision = .fast, keyValueType: KeyValueType = .f16, instructionSet: String? = nil,
        threads: Int? = nil, pinsThreads: Bool = false, contextLength: Int? = nil, keyValueBytes: Int? = nil,
        stepTokens: Int = 2048, runningSequences: Int = 32, waitingRequests: Int = 256,
        reusesPrefixes: Bool = true, stepSeconds: Double? = 0.5,
        prefixFileBytes: Int? = nil, report: @escaping @Sendable (String) -> Void = { _ in },
        isDeterministic: Bool = false, speculates: Bool = true
    ) {
        self.precision = precision
        self.keyValueType = keyValueType
        self.instructionSet = instructionSet
        self.threads = threads
        self.pinsThreads = pinsThreads
        self.contextLength = contextLength
        self.keyValueBytes = keyValueBytes
        self.stepTokens = stepTokens
        self.runningSequences = runningSequences
        self.waitingRequests = waitingRequests
        self.reusesPrefixes = reusesPrefixes
        self.stepSeconds = stepSeconds
        self.prefixFileBytes = prefixFileBytes
        self.report = report
        self.isDeterministic = isDeterministic
        self.speculates = speculates
    }

    /// Bytes for the keys and values of each of some models where nothing else is said: half of what the machine has left
    /// beside their weights, and enough for a short conversation in any case.
    public static func keyValueShare(of availableBytes: Int, models: Int = 1) -> Int {
        max(availableBytes / 2 / models, 256 << 20)
    }

    /// What keys and values are kept as.
    var storedKeyValueType: KeyValueType { precision == .f32 ? .f32 : keyValueType }

    /// Bytes of a page of keys and values of so many layers.
    func pageByteCount(_ shape: ModelShape, layers: Int) -> Int {
        KeyValuePages.pageByteCount(
            layers: layers, heads: shape.keyValueHeads, headDim: shape.headDim, type: storedKeyValueType)
    }
}
