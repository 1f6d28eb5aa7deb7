import Checkpoint
import Inference
import JSON
import ModelLibrary

/// What `outcrop bench` measured.
struct BenchReport {
    /// The instruction set of the kernels.
    let instructionSet: String
    /// Threads that computed.
    let threads: Int
    /// How the dense weights are stored.
    let dense: DenseFormat
    /// Bytes of weights that a decoded token needs.
    let weightBytesPerToken: Int
    /// Floating-point operations of a prompt's token, attention scores and unembedding left out.
    let operationsPerPromptToken: Double
    /// From the artifact on disk to an engine that takes requests.
    var loadSeconds = 0.0
    /// Bytes per second that the processors read from memory.
    var readBandwidth = 0.0
    /// Operations per second of the widest multiply-add.
    var matrixRate = 0.0
    /// Mebibytes of English-like text that the tokenizer encodes in a second on one thread.
    var tokenizerRate = 0.0
    /// The most physical memory that the process had.
    var peakResidentBytes = 0
    private var prefillRates: [(tokens: Int, rate: Double)] = []
    private var firstTokenSeconds: [(tokens: Int, seconds: Double)] = []
    private var decodeRates: [(conversations: Int, rate: Double)] = []
    private var contextRates: [(tokens: Int, rate: Double)] = []
    private let weightBytes: [Int: Double]

    init(
        model: LoadedModel, configuration: ModelConfiguration, dense: DenseFormat, plan: EngineBenchmark.Plan
    ) {
        instructionSet = model.instructionSet
        threads = model.threads
        self.dense = dense
        weightBytesPerToken = model.weightBytesPerToken
        weightBytes = Dictionary(uniqueKeysWithValues: plan.conversations.map { ($0, model.weightBytes(rows: $0)) })
        operationsPerPromptToken = Self.operationsPerPromptToken(configuration)
    }

    /// Two operations for every weight that a token meets.
    static func operationsPerPromptToken(_ configuration: ModelConfiguration) -> Double {
        let c = configuration
        let attention = (c.fusedRows + c.queryHeadCount * c.headDim) * c.hiddenSize
        let expert = 3 * c.intermediateSize * c.hiddenSize
        let layer = attention + c.expertCount * c.hiddenSize + c.expertsPerToken * expert
        return 2 * Double(layer) * Double(c.layerCount)
    }

    /// Takes note of a figure.
    mutating func add(_ measurement: EngineBenchmark.Measurement) {
        switch measurement {
        case .prefill(let tokens, let rate, let first):
            prefillRates.append((tokens, rate))
            firstTokenSeconds.append((tokens, first))
        case .decode(let conversations, 0, let rate):
            decodeRates.append((conversations, rate))
        case .decode(_, let context, let rate):
            contextRates.append((context, rate))
        }
    }

    /// Share of the memory's rate that decoding spends on weights that its tokens need, for each number of conversations.
    var decodeBandwidthFractions: [(conversations: Int, fraction: Double)] {
        guard readBandwidth > 0 else { return [] }
        return decodeRates.map { conversations, rate in
            (conversations, rate / Double(conversations) * (weightBytes[conversations] ?? 0) / readBandwidth)
        }
    }

    /// Share of the matrix units' rate that the fastest prefill reaches.
    var prefillMatrixFraction: Double {
        guard matrixRate > 0 else { return 0 }
        return (prefillRates.map(\.rate).max() ?? 0) * operationsPerPromptToken / matrixRate
    }

    /// The report for programs.
    var json: JSONValue {
        func byCount(_ values: [(Int, Double)]) -> JSONValue {
            .object(JSONObject(values.map { (String($0.0), .number(JSONNumber($0.1))) }))
        }
        return .object(
            JSONObject([
                ("prefill_tokens_per_second", byCount(prefillRates)),
                ("decode_tokens_per_second", byCount(decodeRates)),
                ("decode_at_context_tokens_per_second", byCount(contextRates)),
                ("time_to_first_token_seconds", byCount(firstTokenSeconds)),
                ("read_bandwidth_bytes_per_second", .number(JSONNumber(readBandwidth))),
                ("matrix_flops_per_second", .number(JSONNumber(matrixRate))),
                (
                    "decode_bandwidth_fraction",
                    byCount(decodeBandwidthFractions.map { ($0.conversations, $0.fraction) })
                ),
                ("prefill_matrix_fraction", .number(JSONNumber(prefillMatrixFraction))),
                ("peak_resident_bytes", .number(JSONNumber(peakResidentBytes))),
                ("load_seconds", .number(JSONNumber(loadSeconds))),
                ("tokenizer_mebibytes_per_second", .number(JSONNumber(tokenizerRate))),
                ("weight_bytes_per_token", .number(JSONNumber(weightBytesPerToken))),
                ("instruction_set", .string(instructionSet)),
                ("threads", .number(JSONNumber(threads))),
                ("dense", .string(dense.rawValue)),
            ]))
    }
}
