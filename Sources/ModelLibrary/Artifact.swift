import Checkpoint
import JSON
import OutcropNumerics

/// Why an artifact cannot be used.
public enum ArtifactError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file of it cannot be read.
    case file(FileError)
    /// It is not what the format asks for.
    case invalid(path: String, reason: String)
    /// It was written by another version of the format.
    case unsupportedFormat(path: String, found: String)

    /// The reason, and what to do.
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .invalid(let path, let reason): "\(path) is damaged or no artifact: \(reason). Import the model again"
        case .unsupportedFormat(let path, let found):
            "\(path) has format '\(found)', this program reads '\(ArtifactLayout.formatVersion)'. Import the model again"
        }
    }
}

/// An imported model's weights, mapped into memory in the kernels' layouts.
///
/// Opening checks that every tensor of the model is there with its shape, inside the file and aligned; the weights
/// themselves are not read.
public struct Artifact: Sendable {
    /// The name of the weights' file in an artifact's folder.
    public static let fileName = "model.safetensors"
    /// The name of the tokenizer's file in an artifact's folder.
    public static let tokenizerFileName = "tokenizer.json"

    /// The artifact's folder.
    public let folder: String
    /// The weights' file.
    public let file: MappedFile
    /// The model's shape and constants.
    public let configuration: ModelConfiguration
    /// How the dense matrices are stored.
    public let dense: DenseFormat
    private let tensors: [String: TensorInfo]

    /// The path of the model's own tokenizer; nil when it came without one.
    public var tokenizerPath: String? {
        let path = FileSystem.join(folder, Self.tokenizerFileName)
        return FileSystem.status(of: path)?.kind == .file ? path : nil
    }

    /// Maps and checks the artifact in a folder.
    /// - Throws: `ArtifactError`.
    public init(folder: String) throws(ArtifactError) {
        let path = FileSystem.join(folder, Self.fileName)
        let (opened, findings) = SafetensorsFile.open(path)
        guard let header = opened?.header, findings.isEmpty else {
            throw .invalid(path: path, reason: findings.first?.message ?? "no header")
        }
        guard let version = header.metadata("outcrop.format") else {
            throw .invalid(path: path, reason: "its metadata has no outcrop.format")
        }
        guard version == ArtifactLayout.formatVersion else { throw .unsupportedFormat(path: path, found: version) }
        guard let dense = header.metadata("outcrop.dense").flatMap(DenseFormat.init) else {
            throw .invalid(path: path, reason: "its metadata has no known outcrop.dense")
        }
        let text = header.metadata("outcrop.config") ?? ""
        let (configuration, problems) = ConfigurationReader.read(config: Array(text.utf8), path: "outcrop.config")
        guard let configuration else {
            throw .invalid(path: path, reason: problems.first?.message ?? "its metadata has no outcrop.config")
        }
        var tensors: [String: TensorInfo] = [:]
        for tensor in header.tensors { tensors[tensor.name] = tensor }
        for expected in ArtifactLayout(configuration: configuration, dense: dense).tensors {
            try Self.check(expected, tensors[expected.name], path)
        }
        do throws(FileError) {
            file = try MappedFile(path: path)
        } catch {
            throw .file(error)
        }
        guard file.byteCount == opened?.file.byteCount else {
            throw .invalid(path: path, reason: "it changed while it was opened")
        }
        self.folder = folder
        self.configuration = configuration
        self.dense = dense
        self.tensors = tensors
    }

    private static func check(
        _ expected: SafetensorsLayout.Tensor, _ found: TensorInfo?, _ path: String
    ) throws(ArtifactError) {
        guard let found else { throw .invalid(path: path, reason: "\(expected.name) is missing") }
        guard found.element == expected.element, found.shape == expected.shape else {
            throw .invalid(
                path: path,
                reason: "\(expected.name) should be \(expected.element.rawValue) \(expected.shape) and is "
                    + "\(found.element.rawValue) \(found.shape)")
        }
        guard found.byteRange.lowerBound % ArtifactLayout.alignment == 0 else {
            throw .invalid(
                path: path, reason: "\(expected.name) begins at byte \(found.byteRange.lowerBound), unaligned")
        }
    }

    /// A tensor's type, shape and bytes in `file`.
    /// - Throws: `ArtifactError.invalid` when there is none of that name.
    public func tensor(_ name: String) throws(ArtifactError) -> TensorInfo {
        guard let tensor = tensors[name] else { throw .invalid(path: file.path, reason: "\(name) is missing") }
        return tensor
    }

    /// Where the weights of a dense matrix are, and its scales when it is int8.
    /// - Throws: `ArtifactError.invalid` when there is none of that name.
    public func matrix(_ name: String) throws(ArtifactError) -> (weight: TensorInfo, scales: TensorInfo?) {
        let weight = try tensor(name + ".weight")
        return (weight, weight.element == .bf16 ? nil : try tensor(name + ".scales"))
    }

    /// Where the weights of all experts of one matrix are: blocks [experts, groups, k blocks, 256] and scales.
    /// - Throws: `ArtifactError.invalid` when there is none of that name.
    public func experts(_ name: String) throws(ArtifactError) -> (blocks: TensorInfo, scales: TensorInfo) {
        (try tensor(name + ".blocks"), try tensor(name + ".scales"))
    }
}
