import ArgumentParser
import Checkpoint
import Generation
import Inference
import JSON
import ModelImport
import ModelLibrary
import OutcropNumerics
import Synchronization
import Tokenizer

/// `outcrop bench`: what this machine does with a model, beside what its memory and matrix units could do.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure prefill and decode rates, and how close they come to the machine's limits.",
        discussion: """
            With --synthetic no download is needed: random weights of the real model's shape take the same time. They are \
            written once to the data folder (gpt-oss-20b: 28 GB for a moment, then 14 GB) and kept for the next run; \
            --discard removes them.

            Prompts are of random tokens, through the same engine that serves. Limits are measured in the same run: what the \
            processors read from memory together, and their widest multiply-add.

            Examples:
              outcrop bench --synthetic gpt-oss-20b
              outcrop bench --model gpt-oss --json

            """ + EnvironmentVariable.help([.data, .instructionSet])
    )

    @Option(help: ArgumentHelp("An imported model, or a checkpoint's folder.", valueName: "name or folder"))
    var model: String?

    @Option(help: ArgumentHelp("Measure random weights of this size.", valueName: "size"))
    var synthetic: SyntheticSize?

    @Flag(help: "Remove the synthetic weights afterwards.")
    var discard = false

    @Flag(help: "Print the figures as JSON.")
    var json = false

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Lengths of prompts to prefill.", valueName: "tokens"))
    var prompts = [128, 512, 2048]

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Numbers of conversations that decode at once.", valueName: "count"))
    var conversations = [1, 4, 8, 16]

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Lengths of prompts behind which one conversation decodes.", valueName: "tokens"))
    var contexts: [Int] = []

    @Option(help: ArgumentHelp("Tokens that each conversation decodes.", valueName: "count"))
    var decodedTokens = 64

    @OptionGroup var source: SourceArguments

    @OptionGroup var engine: EngineArguments

    func validate() throws {
        if (model == nil) == (synthetic == nil) {
            throw ValidationError("give either --model or --synthetic, such as --synthetic gpt-oss-20b")
        }
        guard (prompts + conversations + contexts).allSatisfy({ $0 >= 1 }), decodedTokens >= 2 else {
            throw ValidationError("lengths and counts are at least 1, --decoded-tokens at least 2")
        }
        let most = EngineOptions().stepTokens
        guard conversations.allSatisfy({ $0 <= most }) else {
            throw ValidationError("at most \(most) conversations decode at once")
        }
        for values in [prompts, conversations, contexts] where Set(values).count < values.count {
            throw ValidationError("each length and each number of conversations may be given once")
        }
        let longest = plan.longestSequence
        if let length = engine.maxModelLen, length < longest {
            throw ValidationError("--max-model-len must be at least \(longest): the longest measurement needs it")
        }
    }

    private var plan: EngineBenchmark.Plan {
        EngineBenchmark.Plan(
            prompts: prompts, conversations: conversations, contexts: contexts, decodedTokens: decodedTokens)
    }

    func run() async throws {
        let artifact: Artifact
        if let synthetic {
            let record = try await SyntheticTask.model(
                synthetic, dense: source.dense ?? .int8, library: source.libraryArguments.library)
            artifact = try Artifact(folder: record.folder)
        } else {
            artifact = try await source.resolve(model ?? "").artifact
        }
        defer { if discard, synthetic != nil { try? FileSystem.remove(artifact.folder) } }
        let report = try await measure(artifact)
        if json { writeOutput(report.json.serialized(pretty: true) + "\n") }
    }

    private func measure(_ artifact: Artifact) async throws -> BenchReport {
        var options = engine.options
        // The benchmark's own length: more context would only cost memory.
        let possible = artifact.configuration.maximumContextLength
        guard plan.longestSequence <= possible else {
            throw ValidationError(
                "the longest measurement needs a context of \(plan.longestSequence) tokens, and the model's ends at \(possible)"
            )
        }
        options.contextLength = options.contextLength ?? min(possible, max(4096, plan.longestSequence))
        options.runningSequences = max(options.runningSequences, conversations.max() ?? 1)
        options.waitingRequests = max(options.waitingRequests, options.runningSequences)
        let start = ContinuousClock.now
        let model = try LoadedModel(artifact, options: options)
        let engine = try InferenceEngine(model)
        defer { engine.shutdown() }
        var report = BenchReport(
            model: model, configuration: artifact.configuration, dense: artifact.dense, plan: plan)
        report.loadSeconds = (ContinuousClock.now - start) / .seconds(1)
        show("instruction set", "\(model.instructionSet), \(model.threads) threads")
        show("load", Quantity.time(report.loadSeconds))

        let collected = Mutex(report)
        try await EngineBenchmark(engine: engine, plan: plan).run { measurement in
            show(measurement)
            collected.withLock { $0.add(measurement) }
        }
        report = collected.withLock { $0 }
        // Before the measurements of the machine, whose buffers are not the model's.
        report.peakResidentBytes = Machine.peakResidentBytes
        show("peak memory", Quantity.bytes(report.peakResidentBytes))

        report.readBandwidth = try MachineProbe.readBandwidth(threads: model.threads)
        show("memory read", Quantity.bytes(Int(report.readBandwidth)) + "/s")
        report.matrixRate = MachineProbe.matrixRate(
            kernels: try KernelSet(named: options.instructionSet), threads: model.threads)
        show("matrix units", Quantity.figures(report.matrixRate / 1e9) + " GFLOP/s")

        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let text = TokenizerBenchmark.englishLikeText(tokenizer, byteCount: 4 << 20)
        report.tokenizerRate = TokenizerBenchmark(tokenizer, text: text).encodeMebibytesPerSecond
        show("tokenizer", Quantity.figures(report.tokenizerRate) + " MiB/s on one thread")

        for (conversations, fraction) in report.decodeBandwidthFractions {
            show("decode x\(conversations)", Quantity.figures(fraction * 100) + " % of the memory's rate")
        }
        show("prefill", Quantity.figures(report.prefillMatrixFraction * 100) + " % of the matrix units' rate")
        return report
    }

    private func show(_ measurement: EngineBenchmark.Measurement) {
        switch measurement {
        case .prefill(let tokens, let rate, let first):
            show("prefill \(tokens)", "\(Quantity.figures(rate)) tokens/s, first token after \(Quantity.time(first))")
        case .decode(let conversations, 0, let rate):
            show("decode x\(conversations)", "\(Quantity.figures(rate)) tokens/s")
        case .decode(_, let context, let rate):
            show("decode at \(context)", "\(Quantity.figures(rate)) tokens/s")
        }
    }

    /// A figure for people: on standard output, or beside the JSON on standard error.
    private func show(_ label: String, _ value: String) {
        let line = label + String(repeating: " ", count: max(1, 18 - label.count)) + value + "\n"
        if json { writeError(line) } else { writeOutput(line) }
    }
}
