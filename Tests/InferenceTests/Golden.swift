import Checkpoint
import Foundation
import ModelImport
import ModelLibrary
import OutcropNumerics
import TestSupport

@testable import Inference

/// A tiny checkpoint whose logits, states and greedy continuations came from the reference implementations.
struct Golden {
    static let names = ["d1-base", "d2-gqa8", "d4-allexp"]

    let name: String
    private let file: SafetensorsFile

    init(_ name: String) throws {
        self.name = name
        file = try SafetensorsFile(path: fixture("numerics/golden/\(name).safetensors").path)
    }

    func has(_ tensor: String) -> Bool { file.header.tensors.contains { $0.name == tensor } }

    func floats(_ tensor: String) throws -> [Float] {
        let bytes = try bytes(tensor)
        return stride(from: 0, to: bytes.count, by: 4).map { Float(bitPattern: word(bytes, $0)) }
    }

    func integers(_ tensor: String) throws -> [Int32] {
        // Ids fit the low half of the wider type, too.
        let width = try info(tensor).element == .i64 ? 8 : 4
        let bytes = try bytes(tensor)
        return stride(from: 0, to: bytes.count, by: width).map { Int32(bitPattern: word(bytes, $0)) }
    }

    private func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    }

    private func info(_ tensor: String) throws -> TensorInfo {
        guard let info = file.header.tensors.first(where: { $0.name == tensor }) else { throw Missing(tensor: tensor) }
        return info
    }

    private func bytes(_ tensor: String) throws -> [UInt8] {
        let info = try info(tensor)
        return try file.file.read(at: info.byteRange.lowerBound, count: info.byteRange.count)
    }

    struct Missing: Error { var tensor: String }

    /// The checkpoint, imported; the folder is the caller's to remove.
    func imported(layout: String = "hf-mxfp4", dense: DenseFormat = .bf16) throws -> (Artifact, folder: URL) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("outcrop-\(UUID().uuidString)")
        let record = try Importer(library: ModelLibrary(dataFolder: folder.path)).run(
            fixture("checkpoints/\(name)/\(layout)").path, name: "golden", options: ImportOptions(dense: dense))
        return (try Artifact(folder: record.folder), folder)
    }

    /// Lends the model loaded with these options.
    func withModel<Result>(
        _ options: EngineOptions, layout: String = "hf-mxfp4", dense: DenseFormat = .bf16,
        _ body: (LoadedModel) async throws -> Result
    ) async throws -> Result {
        let (artifact, folder) = try imported(layout: layout, dense: dense)
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = options
        options.contextLength = options.contextLength ?? 1024
        options.keyValueBytes = options.keyValueBytes ?? 256 << 20
        return try await body(
            LoadedModel(artifact, options: options, kernels: KernelSet(tested: options.instructionSet)))
    }
}
