import JSON
import OutcropNumerics

/// The files of a checkpoint folder as they are, before they are compared with what a gpt-oss model needs.
struct CheckpointFiles: Sendable {
    /// A safetensors file of the checkpoint.
    struct Shard: Sendable {
        let name: String
        let byteCount: Int
        /// Nil when its header cannot be read.
        let file: SafetensorsFile?
    }

    let path: String
    let names: [String]
    var findings: [Finding] = []
    var configuration: ModelConfiguration?
    var configurationObject: JSONObject?
    var index: ShardIndex?
    var hasIndexFile = false
    /// The shards in use.
    var shards: [Shard] = []
    /// Safetensors files beside the index's own.
    var otherWeights: [String] = []

    /// Reads everything but the weights themselves.
    /// - Throws: `CheckpointError.notAFolder`.
    init(path: String) throws(CheckpointError) {
        guard FileSystem.status(of: path)?.kind == .folder, let names = try? FileSystem.names(inFolder: path) else {
            throw .notAFolder(path: path)
        }
        self.path = path
        self.names = names
        readConfiguration()
        readIndex()
        readShards()
    }

    /// The shards that should be there: the index's, or else all that are.
    var expectedShards: [String] { index?.shards ?? shards.map(\.name) }

    func has(_ name: String) -> Bool { names.contains { $0.utf8.elementsEqual(name.utf8) } }

    func file(_ name: String) -> String { FileSystem.join(path, name) }

    /// The bytes of a small file; nil with a finding when it cannot be read or is unreasonably large.
    mutating func read(_ name: String, limit: Int) -> [UInt8]? {
        do {
            let file = try RandomAccessFile(path: file(name))
            guard file.byteCount <= limit else {
                findings.append(
                    Finding(
                        .fileUnreadable, path: file.path, "it has \(file.byteCount) bytes, at most \(limit) expected",
                        remedy: "Restore the file"))
                return nil
            }
            return try file.read(at: 0, count: file.byteCount)
        } catch {
            findings.append(
                Finding(.fileUnreadable, path: file(name), "\(error)", remedy: "Make the file readable"))
            return nil
        }
    }

    private mutating func readConfiguration() {
        guard has("config.json") else {
            let hint =
                FileSystem.status(of: file("original/config.json")) == nil
                ? "Give the folder that holds config.json and the weights"
                : "OpenAI's own files are in \(file("original")): give that folder"
            findings.append(Finding(.configurationMissing, path: path, "there is no config.json", remedy: hint))
            return
        }
        guard let bytes = read("config.json", limit: 16 << 20) else { return }
        let generation = has("generation_config.json") ? read("generation_config.json", limit: 16 << 20) : nil
        let (configuration, problems) = ConfigurationReader.read(
            config: bytes, generation: generation, path: file("config.json"),
            generationPath: file("generation_config.json"))
        self.configuration = configuration
        configurationObject = (try? JSONValue.parse(bytes, limits: .checkpointFiles))?.objectValue
        findings += problems
    }

    private mutating func readIndex() {
        hasIndexFile = has(ShardIndex.fileName)
        guard hasIndexFile, let bytes = read(ShardIndex.fileName, limit: 256 << 20) else { return }
        let (index, problems) = ShardIndex.parse(bytes, path: file(ShardIndex.fileName))
        self.index = index
        findings += problems
    }

    private mutating func readShards() {
        let weights = names.filter { name in
            name.utf8.suffix(12).elementsEqual(".safetensors".utf8) && !name.utf8.starts(with: "adapter_".utf8)
                && FileSystem.status(of: file(name))?.kind != .folder
        }
        guard !weights.isEmpty || index?.shards.isEmpty == false else {
            if has("adapter_config.json") || has("adapter_model.safetensors") {
                findings.append(
                    Finding(
                        .adapterOnly, path: path, "it holds a LoRA adapter without the model that it adapts",
                        remedy: "Merge the adapter into its base model (peft: merge_and_unload, save_pretrained)"))
            } else {
                findings.append(
                    Finding(
                        .noWeights, path: path, "there is no .safetensors file",
                        remedy: "Download the weights too; other formats (.bin, .gguf) are not read"))
            }
            return
        }
        let wanted = index?.shards ?? weights
        otherWeights = weights.filter { name in !wanted.contains { $0.utf8.elementsEqual(name.utf8) } }
        for name in wanted {
            guard let status = FileSystem.status(of: file(name)) else {
                findings.append(
                    Finding(
                        .shardMissing, path: file(name), "the index names this shard, but there is no such file",
                        remedy: "Download it; an interrupted download leaves such gaps"))
                continue
            }
            let (shard, problems) = SafetensorsFile.open(file(name))
            findings += problems
            shards.append(Shard(name: name, byteCount: status.byteCount, file: shard))
        }
    }
}
