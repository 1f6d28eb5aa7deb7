import JSON
import OutcropNumerics

/// Everything that can be said about a checkpoint without reading its weights.
public struct ValidationReport: Sendable {
    /// The folder.
    public let path: String
    /// All findings: errors first, then warnings, then notes.
    public internal(set) var findings: [Finding]
    /// The configuration, when it is usable.
    public let configuration: ModelConfiguration?
    /// The layout, when the tensors' names tell.
    public internal(set) var layout: LayoutKind?
    /// Bytes of all shards.
    public internal(set) var byteCount = 0
    /// Tensors described by the shards.
    public internal(set) var tensorCount = 0
    let files: CheckpointFiles
    var places: [[UInt8]: Checkpoint.Place] = [:]

    /// Whether there is any error, index metadata that Bedrock refuses included.
    public var hasErrors: Bool { findings.contains { $0.severity == .error } }
    /// Whether an import must refuse the checkpoint.
    public var blocksImport: Bool { findings.contains { $0.code.blocksImport } }

    /// The report for programs: `path`, `valid`, `importable`, counts, layout, sizes and the findings.
    public var json: JSONValue {
        func count(_ severity: Finding.Severity) -> JSONValue {
            .number(JSONNumber(findings.count { $0.severity == severity }))
        }
        return .object(
            JSONObject([
                ("path", .string(path)),
                ("valid", .bool(!hasErrors)),
                ("importable", .bool(!blocksImport)),
                ("errors", count(.error)),
                ("warnings", count(.warning)),
                ("notes", count(.note)),
                ("layout", layout.map { .string($0.rawValue) } ?? .null),
                ("bytes", .number(JSONNumber(byteCount))),
                ("shards", .number(JSONNumber(files.shards.count))),
                ("tensors", .number(JSONNumber(tensorCount))),
                ("parameters", configuration.map { .number(JSONNumber($0.parameterCount)) } ?? .null),
                ("findings", .array(findings.map(\.json))),
            ]))
    }
}

/// Compares a checkpoint folder with what an import, and Bedrock's own import, want of it. It reads headers and
/// configuration only: it does not look for NaN in the weights and says nothing about the model's quality.
public enum CheckpointValidator {
    /// Bedrock's limit for text models.
    public static let bedrockByteLimit = 200_000_000_000

    /// Validates a folder; every finding at once.
    /// - Throws: `CheckpointError.notAFolder`; everything else is a finding.
    public static func validate(path: String) throws(CheckpointError) -> ValidationReport {
        try validate(FolderSource(path))
    }

    /// Validates a checkpoint wherever it is; every finding at once.
    /// - Throws: `CheckpointError.notAFolder` when it cannot be listed; everything else is a finding.
    public static func validate(_ source: any CheckpointSource) throws(CheckpointError) -> ValidationReport {
        var files = try CheckpointFiles(source)
        let tokenizer = TokenizerCheck.findings(&files, vocabularySize: files.configuration?.vocabularySize)
        files.findings += tokenizer
        var report = ValidationReport(
            path: source.location, findings: files.findings, configuration: files.configuration, files: files)
        report.byteCount = files.shards.reduce(0) { $0 + $1.byteCount }
        checkFolder(&report)
        collectTensors(&report)
        checkIndex(&report)
        checkLayout(&report)
        if let configuration = report.configuration {
            report.findings += TensorCheck(report: report, configuration: configuration).findings
        }
        report.findings.sort { $0.severity > $1.severity }
        return report
    }

    private static func checkFolder(_ report: inout ValidationReport) {
        let files = report.files
        if files.source.hasFolder("metal") {
            report.findings.append(
                Finding(
                    .metalFolder, path: files.file("metal"),
                    "a metal/ folder lies in the checkpoint; Bedrock's import does not accept it",
                    remedy: "Leave it out of the upload (aws s3 sync --exclude 'metal/*'); an import here ignores it"))
        }
        if report.byteCount >= bedrockByteLimit {
            report.findings.append(
                Finding(
                    .tooLarge, path: files.path,
                    "the weights take \(report.byteCount) bytes; Bedrock's import accepts less than 200 GB",
                    remedy: "Save the experts as MXFP4 instead of bfloat16; an import here has no such limit"))
        }
    }

    private static func collectTensors(_ report: inout ValidationReport) {
        for shard in report.files.shards {
            guard let file = shard.file else { continue }
            report.tensorCount += file.header.tensors.count
            for tensor in file.header.tensors {
                let name = Array(tensor.name.utf8)
                if let other = report.places[name] {
                    report.findings.append(
                        Finding(
                            .duplicateTensor, path: file.file.path, tensor: tensor.name,
                            byteOffset: tensor.byteRange.lowerBound, "\(other.file.path) holds this tensor too",
                            remedy: "Remove the file that does not belong to the checkpoint"))
                } else {
                    report.places[name] = Checkpoint.Place(file: file.file, info: tensor)
                }
            }
        }
    }

    private static func checkIndex(_ report: inout ValidationReport) {
        let files = report.files
        if !files.otherWeights.isEmpty {
            report.findings.append(
                Finding(
                    .shardNotInIndex, path: files.file(ShardIndex.fileName),
                    "the index does not name \(files.otherWeights.prefix(8).joined(separator: ", ")), so it is not read",
                    remedy: "Remove the file, or run validate with --fix if it belongs to the checkpoint"))
        }
        guard let index = files.index else { return }
        let indexed = Dictionary(
            index.weightMap.map { (Array($0.tensor.utf8), $0.shard) }, uniquingKeysWith: { _, last in last })
        let damaged = Set(files.findings.filter { $0.severity == .error }.compactMap { $0.path.map { Array($0.utf8) } })
        let readable = Set(
            files.shards.map { Array($0.name.utf8) }.filter { name in
                !damaged.contains(Array(files.file(String(decoding: name, as: UTF8.self)).utf8))
            })
        let wrong = index.weightMap.filter { entry in
            guard readable.contains(Array(entry.shard.utf8)) else { return false }
            guard let place = report.places[Array(entry.tensor.utf8)] else { return true }
            return !place.file.path.utf8.elementsEqual(files.file(entry.shard).utf8)
        }
        let absent = report.places.keys.filter { indexed[$0] == nil }
        let names = (wrong.map(\.tensor) + absent.map { String(decoding: $0, as: UTF8.self) })
        guard let example = names.min() else { return }
        report.findings.append(
            Finding(
                .indexStale, path: files.file(ShardIndex.fileName), tensor: example,
                "weight_map and the shards disagree about \(names.count) tensor(s)",
                remedy: "Run validate with --fix: it rebuilds the index from the shards"))
    }

    /// Decides by the tensors' names; configurations are often stale.
    private static func checkLayout(_ report: inout ValidationReport) {
        let names = report.places.keys.map { String(decoding: $0, as: UTF8.self) }
        guard !names.isEmpty else { return }
        func any(_ matches: (String) -> Bool) -> Bool { names.contains(where: matches) }
        if any({ $0.utf8.starts(with: "block.".utf8) || $0 == "embedding.weight" }) {
            report.layout = .original
        } else if any({ $0.hasSuffix("experts.gate_up_proj_blocks") || $0.hasSuffix("experts.down_proj_blocks") }) {
            report.layout = .huggingFaceMXFP4
        } else if any({ $0.hasSuffix("experts.gate_up_proj") || $0.hasSuffix("experts.down_proj") }) {
            report.layout = .huggingFaceBF16
        } else {
            report.findings.append(unknownLayout(report, names))
        }
        checkQuantization(&report)
        let needsIndex = report.layout != .original && report.files.shards.count > 1
        if needsIndex, !report.files.hasIndexFile {
            report.findings.append(
                Finding(
                    .indexMissing, path: report.files.file(ShardIndex.fileName),
                    "\(report.files.shards.count) shards need an index, there is none",
                    remedy: "Run validate with --fix: it builds the index from the shards"))
        }
    }

    private static func unknownLayout(_ report: ValidationReport, _ names: [String]) -> Finding {
        let remedy: String
        if names.contains(where: { $0.contains("lora_A") || $0.hasPrefix("base_model.") }) {
            remedy = "Merge the LoRA adapter into its base model (peft: merge_and_unload, save_pretrained)"
        } else if names.contains(where: { $0.contains("gate_up_projs.") }) {
            remedy =
                "The experts are split into single linear layers; save the merged model with transformers' own classes"
        } else {
            remedy = "Save the model with transformers' GptOssForCausalLM, or use OpenAI's original files"
        }
        return Finding(
            .layoutUnknown, path: report.path, tensor: names.min(),
            "no tensor has a name that the experts of a gpt-oss checkpoint have", remedy: remedy)
    }

    private static func checkQuantization(_ report: inout ValidationReport) {
        guard report.layout == .huggingFaceBF16, let object = report.files.configurationObject,
            let quantization = object["quantization_config"], !quantization.isNull
        else { return }
        report.findings.append(
            Finding(
                .staleQuantization, path: report.files.file("config.json"),
                "quantization_config is there although the experts are not quantised",
                remedy: "An import goes by the tensors and ignores it; other tools may want it removed"))
    }
}
