import JSON
import OutcropNumerics

/// A complete gpt-oss checkpoint in a folder, ready to be read.
public struct Checkpoint: Sendable {
    /// Where a tensor's bytes are.
    public struct Place: Sendable {
        /// The shard.
        public let file: RandomAccessFile
        /// The tensor in it.
        public let info: TensorInfo
    }

    /// The folder.
    public let path: String
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

    /// Opens a checkpoint and checks its headers against its configuration; no weight is read.
    /// - Throws: `CheckpointError` with every finding when it cannot be imported.
    public init(path: String) throws(CheckpointError) {
        let report = try CheckpointValidator.validate(path: path)
        guard let configuration = report.configuration, let layout = report.layout, !report.blocksImport else {
            throw .unusable(path: path, findings: report.findings.filter { $0.code.blocksImport })
        }
        self.path = path
        self.configuration = configuration
        self.layout = layout.layout
        self.byteCount = report.byteCount
        self.shards = report.files.shards.map { ($0.name, $0.byteCount) }
        self.findings = report.findings
        self.tokenizerFileName = report.files.has("tokenizer.json") ? "tokenizer.json" : nil
        self.places = report.places
    }

    /// Where a tensor's bytes are; nil when the checkpoint does not have it.
    public func place(of tensor: ExpectedTensor) -> Place? {
        places[Array(tensor.name.utf8)]
    }
}
