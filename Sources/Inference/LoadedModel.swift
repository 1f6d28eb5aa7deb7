import Checkpoint
import Generation
import ModelLibrary
import OutcropNumerics

/// A model mapped into memory with everything needed to run it; one engine or one run at a time uses it.
///
/// Safe: nothing of it changes; a forward pass belongs to the thread that it was made for.
public final class LoadedModel: @unchecked Sendable {
    /// The most tokens of one sequence: what was asked for, or what the model and the memory allow.
    public let contextLength: Int
    /// Token ids are 0..<vocabularySize.
    public let vocabularySize: Int
    /// Threads that compute.
    public let threads: Int
    /// The instruction set in use.
    public let instructionSet: String
    /// Bytes of weights that a step of one token needs at least: everything but the experts that it does not use and the
    /// input embedding.
    public var weightBytesPerToken: Int { Int(weightBytes(rows: 1)) }
    /// Bytes of memory for keys and values, when all of them are in use.
    public let keyValueBytes: Int
    let schedulerLimits: Scheduler.Limits
    /// Where computed prefixes are kept while no engine runs.
    let prefixFile: PrefixFile?
    let shape: ModelShape
    private let weights: ModelWeights
    private let kernels: KernelSet
    private let options: EngineOptions

    /// Maps an artifact.
    /// - Throws: `NumericsError` or `ArtifactError` if it cannot be used, `EngineError.contextTooLong` if the memory for keys
    ///   and values does not reach for the context asked for.
    public convenience init(_ artifact: Artifact, options: EngineOptions = EngineOptions()) throws {
        try self.init(artifact, options: options, kernels: KernelSet(named: options.instructionSet))
    }

    /// Maps an artifact, to be computed with these kernels whatever the options say.
    init(_ artifact: Artifact, options: EngineOptions, kernels set: KernelSet) throws {
        kernels = options.isDeterministic ? set.batchInvariant() : set
        shape = ModelShape(artifact.configuration)
        weights = try ModelWeights(artifact, shape: shape)
        self.options = options
        threads = max(1, options.threads ?? Machine.computeThreads)
        instructionSet = kernels.name
        vocabularySize = shape.vocabularySize
        // The weights will take their place in the page cache; what is left can be shared.
        let available = Machine.availableMemory - artifact.file.byteCount
        let plan = try KeyValuePlan(shape: shape, options: options, availableBytes: available)
        contextLength = plan.contextLength
        keyValueBytes = plan.byteCount
        schedulerLimits = Scheduler.Limits(
            // All that decode must fit into one step.
            stepTokens: options.stepTokens, runningSequences: min(options.runningSequences, options.stepTokens),
            waitingRequests: options.waitingRequests, window: shape.widestWindow, fullPages: plan.fullPages,
            slidingPages: plan.slidingPages, reusesPrefixes: options.reusesPrefixes,
            stepSeconds: options.stepSeconds)
        prefixFile = PrefixFile(artifact, shape: shape, options: options, kernels: kernels)
    }

    /// Bytes of weights that a step of `rows` tokens reads at least, on average over random tokens: of a layer's E experts,
    /// of which each token takes k, E * (1 - (1 - k / E)^rows) are touched.
    public func weightBytes(rows: Int) -> Double {
        let experts = Double(shape.experts)
        let missedByOne = 1 - Double(shape.expertsPerToken) / experts
        let missed = (0..<rows).reduce(1.0) { product, _ in product * missedByOne }
        return weights.layers.reduce(Double(weights.unembedding.byteCount)) { sum, layer in
            sum + Double(layer.denseByteCount) + experts * (1 - missed) * Double(layer.expertByteCount)
        }
    }

    /// How many drafts pay; nil if there shall be none.
    func draftPlan(_ forwardPass: GPTOSSModel) -> DraftPlan? {
        guard options.speculates else { return nil }
        let rows = forwardPass.mostEqualRows(limit: DraftPlan.mostRows)
        return DraftPlan(mostEqualRows: rows, isEager: options.speculatesEagerly) { weightBytes(rows: $0) }
    }

    /// Makes the threads and buffers and lends the forward pass to `body`; they are gone afterwards.
    /// - Throws: `NumericsError.outOfMemory`, and what `body` throws.
    func withForwardPass<Result>(_ body: (GPTOSSModel) throws -> Result) throws -> Result {
        let forwardPass = try makeForwardPass()
        return try asFirstThread { try body(forwardPass) }
    }

    /// Runs `body` on the calling thread as the first of a forward pass's team.
    func asFirstThread<Result>(_ body: () throws -> Result) rethrows -> Result {
        let prepare = prepareThread
        prepare(0)
        defer { kernels.endThread() }
        return try body()
    }

    /// What each thread does before it computes. Pinned threads go to the cores in order, so that neighbouring shares of a
    /// matrix lie on one NUMA node.
    private var prepareThread: @Sendable (Int) -> Void {
        let kernels = kernels
        let processors = options.pinsThreads ? Machine.topology.cores.compactMap(\.processors.first) : []
        return { thread in
            if !processors.isEmpty { Machine.pinThread(toProcessor: processors[thread % processors.count]) }
            kernels.beginThread()
        }
    }

    /// Makes the threads and buffers of a forward pass.
    /// - Throws: `NumericsError.outOfMemory` if the system refuses the memory.
    func makeForwardPass() throws(NumericsError) -> GPTOSSModel {
        let type = options.storedKeyValueType
        let kernels = kernels
        return GPTOSSModel(
            shape: shape, weights: weights, kernels: kernels, precision: options.precision,
            team: ThreadTeam(count: threads, prepare: prepareThread, finish: { kernels.endThread() }),
            workspace: try Workspace(
                shape: shape, tokens: options.stepTokens,
                logitRows: max(options.runningSequences, options.speculates ? DraftPlan.mostRows : 1), threads: threads),
            fullPages: try KeyValuePages(
                pageCount: schedulerLimits.fullPages, layers: shape.fullLayers, heads: shape.keyValueHeads,
                headDim: shape.headDim, type: type),
            slidingPages: try KeyValuePages(
                pageCount: schedulerLimits.slidingPages, layers: shape.slidingLayers, heads: shape.keyValueHeads,
                headDim: shape.headDim, type: type),
            keepsShares: options.pinsThreads)
    }
}

/// Why a model cannot be served as asked.
public enum EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The context does not fit into the memory for keys and values.
    case contextTooLong(asked: Int, possible: Int, bytes: Int)

    /// The error in a sentence.
    public var description: String {
        switch self {
        case .contextTooLong(let asked, let possible, let bytes):
            "a context of \(asked) tokens needs more memory for keys and values than the \(bytes) bytes there are; "
                + (possible > 0 ? "ask for at most \(possible) tokens (--max-model-len) or " : "")
                + "give more memory (--kv-cache-memory)"
        }
    }
}

/// How the memory for keys and values is divided.
struct KeyValuePlan {
    let contextLength: Int
    let fullPages: Int
    let slidingPages: Int
    /// Bytes of all pages.
    let byteCount: Int

    /// - Parameter availableBytes: memory that the machine can still give; half of it may be used unless the options say.
    init(shape: ModelShape, options: EngineOptions, availableBytes: Int) throws(EngineError) {
        let tokens = KeyValuePages.tokensPerPage
        func pageBytes(_ layers: Int) -> Int { options.pageByteCount(shape, layers: layers) }
        let budget = options.keyValueBytes ?? EngineOptions.keyValueShare(of: availableBytes)
        // A decoding sequence sees its window and writes one page more; a chunk being computed is not dropped before its end.
        let slidingPerSequence = shape.widestWindow / tokens + 2
        let sliding =
            options.runningSequences * slidingPerSequence + options.stepTokens / tokens + options.runningSequences
        let slidingBytes = shape.slidingLayers == 0 ? 0 : sliding * pageBytes(shape.slidingLayers)
        let wanted = min(options.contextLength ?? shape.maximumContext, shape.maximumContext)
        let fullPageBytes = max(pageBytes(shape.fullLayers), 1)
        let most = max(0, budget - slidingBytes) / fullPageBytes
        // More pages than every sequence at full length could use would be waste.
        let longest = SequenceState.pages(for: wanted)
        let useful = longest * options.runningSequences
        // Of what one sequence of full length leaves, the sliding layers get a fifth, for prefixes that may be resumed.
        let cached =
            options.reusesPrefixes && shape.slidingLayers > 0
            ? max(0, most - longest) / 5 * fullPageBytes / pageBytes(shape.slidingLayers) : 0
        let possible = most - (cached * pageBytes(shape.slidingLayers) + fullPageBytes - 1) / fullPageBytes
        fullPages = min(possible, useful)
        slidingPages = shape.slidingLayers == 0 ? useful : sliding + min(cached, useful)
        contextLength = min(wanted, fullPages * tokens)
        byteCount = fullPages * pageBytes(shape.fullLayers) + slidingPages * pageBytes(shape.slidingLayers)
        if let asked = options.contextLength, asked > contextLength, asked <= shape.maximumContext || contextLength < 1
        {
            throw .contextTooLong(asked: asked, possible: contextLength, bytes: budget)
        }
        guard contextLength > 0 else { throw .contextTooLong(asked: wanted, possible: 0, bytes: budget) }
    }
}
