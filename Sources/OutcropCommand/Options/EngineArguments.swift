import ArgumentParser
import Inference
import OutcropNumerics

extension Precision: ExpressibleByArgument {}
extension KeyValueType: ExpressibleByArgument {}

/// How the engine runs a model; shared by every command that runs one.
struct EngineArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "fast; f32: within 1e-3 of the reference implementation, whatever the batch and threads; or int8: prompts "
                + "and many streams faster, for another first choice in less than one token of 100.",
            valueName: "precision"))
    var precision: Precision = .fast

    @Option(
        name: .customLong("kv-dtype"),
        help: ArgumentHelp(
            "What keys and values are kept as: f16, or int8 in half the memory with a small loss (default: f16, f32 with "
                + "--precision f32).", valueName: "type"))
    var keyValueType: KeyValueType?

    @Option(help: ArgumentHelp("Threads that compute (default: one per core).", valueName: "count"))
    var threads: Int?

    @Flag(
        help: """
            Keep each thread on a core of its own: for machines with several NUMA nodes that run nothing else.
            """)
    var pinThreads = false

    @Option(
        help: ArgumentHelp(
            "The most tokens of a conversation (default: what the model and the memory allow).", valueName: "tokens"))
    var maxModelLen: Int?

    @Option(
        help: ArgumentHelp(
            "Memory for keys and values, such as 4GiB (default: half of the free memory).", valueName: "bytes"))
    var kvCacheMemory: ByteSize?

    @Flag(help: "Compute every prompt anew instead of keeping what prompts that begin alike have in common.")
    var noPrefixCache = false

    @Option(
        help: ArgumentHelp(
            """
            How long a step may take while answers are being generated (default: 500): prompts are computed in pieces that \
            fit. 0 sets no limit.
            """, valueName: "time"))
    var stepMilliseconds = 500

    @Option(
        help: ArgumentHelp(
            """
            Keep the prefixes used last, up to such as 4GiB, in a file beside the model's weights when the model is unloaded, \
            and read them when it is loaded (default: keep none). The file holds what users wrote; only its owner may \
            read it.
            """, valueName: "bytes"))
    var prefixCacheDisk: ByteSize?

    /// Whether an option that has two states is on.
    enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }

    @Option(
        help: ArgumentHelp(
            """
            Guess tokens from what a conversation holds already and compute them ahead where that pays (default: on); the \
            answers stay the same.
            """, valueName: "on|off"))
    var speculation: Switch = .on

    @Flag(
        help: """
            Make a seed fix the text whatever else runs. Prompts are slower on machines with matrix units, and so are bf16 \
            dense weights; elsewhere it costs nothing, and --precision f32 is so always.
            """)
    var deterministic = false

    func validate() throws {
        if precision == .f32, let keyValueType, keyValueType != .f32 {
            throw ValidationError("--precision f32 keeps keys and values as f32; --kv-dtype is for the fast precision")
        }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
        if !(0...3_600_000).contains(stepMilliseconds) {
            throw ValidationError("--step-milliseconds must be 0 to 3600000")
        }
        if let maxModelLen, maxModelLen < 1 { throw ValidationError("--max-model-len must be at least 1") }
    }

    /// The options for the engine, with the instruction set that the environment asks for.
    var options: EngineOptions {
        EngineOptions(
            precision: precision, keyValueType: keyValueType ?? .f16,
            instructionSet: EnvironmentVariable.instructionSet.value, threads: threads, pinsThreads: pinThreads,
            contextLength: maxModelLen, keyValueBytes: kvCacheMemory?.bytes, reusesPrefixes: !noPrefixCache,
            stepSeconds: stepMilliseconds == 0 ? nil : Double(stepMilliseconds) / 1000,
            prefixFileBytes: prefixCacheDisk?.bytes, report: { writeError("outcrop: \($0)\n") },
            isDeterministic: deterministic, speculates: speculation == .on)
    }
}
