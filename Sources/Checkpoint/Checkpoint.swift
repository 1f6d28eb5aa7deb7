import JSON
import OutcropNumerics

/// A complete gpt-oss checkpoint in a folder, ready to be read.
public struct Checkpoint: Sendable {
    /// Where a tensor's bytes are.
    public struct Place: Sendable {
        /// The shard.
        public let file: any ByteSource
        /// The tensor in it.
        public let info: TensorInfo
    }

    /// Where it is.
    public let source: any CheckpointSource
    /// The model's shape and constants.
    public let configuration: ModelConfiguration
    /// How its tensors are named and stored.
    public let layout: any CheckpointLayout
    /// Bytes of all shards.
    public let byteCount: Int
    /// The shards' names and sizes.
    public let shards: [(name: String, byteCount: Int)]
    /// What is wrong or notable without being in the way of an import.
    public let findings: [Finding]
    /// The file name of the tokenizer, if the folder has one.
    public let tokenizerFileName: String?
    private let places: [[UInt8]: Place]
    private let shardFiles: [any ByteSource]

    /// Opens a checkpoint and checks its headers against its configuration; no weight is read.
    /// - Throws: `CheckpointError` with every finding when it cannot be imported.
    public init(path: String) throws(CheckpointError) { try self.init(FolderSource(path)) }

    /// Opens a checkpoint wherever it is, and checks its headers against its configuration; no weight is read.
    /// - Parameter isStrict: whether to refuse everything that Amazon Bedrock refuses, index metadata included.
    /// - Throws: `CheckpointError` with every finding when it cannot be imported.
    public init(_ source: any CheckpointSource, isStrict: Bool = false) throws(CheckpointError) {
        let report = try CheckpointValidator.validate(source)
        guard let configuration = report.configuration, let layout = report.layout, !report.blocksImport,
            !(isStrict && report.findings.contains { $0.code.isRefusedByBedrock })
        else {
            throw .unusable(
                path: source.location,
                findings: report.findings.filter { $0.code.blocksImport || isStrict && $0.code.isRefusedByBedrock })
        }
        self.source = source
        self.configuration = configuration
        self.layout = layout.layout
        self.byteCount = report.byteCount
        self.shards = report.files.shards.map { ($0.name, $0.byteCount) }
        self.findings = report.findings
        self.tokenizerFileName = report.files.has("tokenizer.json") ? "tokenizer.json" : nil
        self.places = report.places
        shardFiles = report.files.shards.compactMap { $0.file?.file }
    }

    /// What messages call it.
    public var path: String { source.location }

    /// Makes sure that what was read of the weights was of one version of each file.
    /// - Throws: `FileError` naming a file that has changed since the checkpoint was opened.
    public func checkUnchanged() throws(FileError) {
        for file in shardFiles { try file.checkUnchanged() }
    }

    /// Where a tensor's bytes are; nil when the checkpoint does not have it.
    public func place(of tensor: ExpectedTensor) -> Place? {
        places[Array(tensor.name.utf8)]
    }
}
