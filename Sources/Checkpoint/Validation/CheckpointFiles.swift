import JSON
import OutcropNumerics

/// The files of a checkpoint as they are, before they are compared with what a gpt-oss model needs.
struct CheckpointFiles: Sendable {
    /// A safetensors file of the checkpoint.
    struct Shard: Sendable {
        let name: String
        let byteCount: Int
        /// Nil when its header cannot be read.
        let file: SafetensorsFile?
    }

    let source: any CheckpointSource
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
    /// The small files that were read, by name. They stay open, so that they can be told from later ones of the same name.
    private(set) var smallFiles: [(name: String, file: any ByteSource)] = []

    /// Reads everything but the weights themselves.
    /// - Throws: `CheckpointError.notAFolder`.
    init(_ source: any CheckpointSource) throws(CheckpointError) {
        do throws(FileError) {
            names = try source.names()
        } catch {
            throw .notAFolder(path: source.location)
        }
        self.source = source
        readConfiguration()
        readIndex()
        readShards()
    }

    /// The shards that should be there: the index's, or else all that are.
    var expectedShards: [String] { index?.shards ?? shards.map(\.name) }

    func has(_ name: String) -> Bool { names.contains { $0.utf8.elementsEqual(name.utf8) } }

    /// The checkpoint's location.
    var path: String { source.location }

    /// What messages call a file.
    func file(_ name: String) -> String { source.path(of: name) }

    /// The bytes of a small file; nil with a finding when it cannot be read or is unreasonably large.
    mutating func read(_ name: String, limit: Int) -> [UInt8]? {
        do throws(FileError) {
            let file = try source.open(name)
            guard file.byteCount <= limit else {
                findings.append(
                    Finding(
                        .fileUnreadable, path: file.path, "it has \(file.byteCount) bytes, at most \(limit) expected",
                        remedy: "Restore the file"))
                return nil
            }
            smallFiles.append((name, file))
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
                source.byteCount(of: "original/config.json") == nil
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
                && !(source.hasFolder(name) && source.byteCount(of: name) == nil)
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
            guard let byteCount = source.byteCount(of: name) else {
                findings.append(
                    Finding(
                        .shardMissing, path: file(name), "the index names this shard, but there is no such file",
                        remedy: "Download it; an interrupted download leaves such gaps"))
                continue
            }
            let (shard, problems) = openShard(name)
            findings += problems
            shards.append(Shard(name: name, byteCount: byteCount, file: shard))
        }
    }

    /// Opens a shard, with everything that is wrong with it.
    func openShard(_ name: String) -> (file: SafetensorsFile?, findings: [Finding]) {
        do throws(FileError) {
            return SafetensorsFile.read(try source.open(name))
        } catch {
            return (nil, [Finding(.fileUnreadable, path: file(name), "\(error)", remedy: "Make the file readable")])
        }
    }
}
