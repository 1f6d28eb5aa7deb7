import JSON
import OutcropNumerics

/// A complete gpt-oss checkpoint, ready to be read.
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
    /// Its own tokenizer, if it has one.
    public let tokenizer: (any ByteSource)?
    private let places: [[UInt8]: Place]
    /// Everything that was read.
    private let files: [any ByteSource]

    /// Opens a checkpoint and checks its headers against its configuration; no weight is read.
    /// - Throws: `CheckpointError` with every finding when it cannot be imported.
    public init(path: String) throws(CheckpointError) { try self.init(FolderSource(path)) }

    /// Opens a checkpoint wherever it is, and checks its headers against its configuration; no weight is read.
    /// - Parameter isStrict: whether to refuse everything that Amazon Bedrock refuses, index metadata included.
    /// - Throws: `CheckpointError` with every finding when it cannot be imported.
    public init(_ source: any CheckpointSource, isStrict: Bool = false) throws(CheckpointError) {
        let report = try CheckpointValidator.validate(source)
        let refusals = isStrict ? report.findings.compactMap(\.asRefusedByBedrock) : []
        guard let configuration = report.configuration, let layout = report.layout, !report.blocksImport,
            refusals.isEmpty
        else {
            let errors = isStrict ? refusals : report.findings.filter(\.code.blocksImport)
            let warnings = report.findings.filter { finding in
                finding.severity == .warning && !errors.contains { $0.code == finding.code }
            }
            throw .unusable(path: source.location, findings: errors + warnings)
        }
        self.source = source
        self.configuration = configuration
        self.layout = layout.layout
        self.byteCount = report.byteCount
        self.shards = report.files.shards.map { ($0.name, $0.byteCount) }
        self.findings = report.findings
        self.places = report.places
        let smallFiles = report.files.smallFiles
        tokenizer = smallFiles.first { $0.name.utf8.elementsEqual(TokenizerCheck.fileName.utf8) }?.file
        files = report.files.shards.compactMap { $0.file?.file } + smallFiles.map(\.file)
    }

    /// What messages call it.
    public var path: String { source.location }

    /// Makes sure that what was read, weights or not, was of one version of each file.
    /// - Throws: `FileError` naming a file that has changed since the checkpoint was opened.
    public func checkUnchanged() throws(FileError) {
        for file in files { try file.checkUnchanged() }
    }

    /// Where a tensor's bytes are; nil when the checkpoint does not have it.
    public func place(of tensor: ExpectedTensor) -> Place? {
        places[Array(tensor.name.utf8)]
    }
}
