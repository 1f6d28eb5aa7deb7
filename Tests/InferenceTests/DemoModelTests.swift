import Checkpoint
import Foundation
import Generation
import JSON
import ModelImport
import ModelLibrary
import OutcropNumerics
import TestSupport
import Testing

@testable import Inference

/// The bundled demo model: trained weights, real conversations.
@Suite struct DemoModelTests {
    private func ids(_ line: JSONValue, _ key: String) throws -> [Int32] {
        try #require(line[key]?.arrayValue).map { Int32(try #require($0.intValue)) }
    }

    @Test("conversations continue as transformers' float32 continues them, all at once in one batch")
    func continuations() async throws {
        let folder = try TemporaryFolder()
        let record = try Importer(library: ModelLibrary(dataFolder: folder.path)).run(
            demoFile("model").path, name: "demo", options: ImportOptions(dense: .bf16))
        var options = EngineOptions(precision: .f32)
        options.contextLength = 1024
        options.keyValueBytes = 256 << 20
        let engine = try InferenceEngine(LoadedModel(try Artifact(folder: record.folder), options: options))
        defer { engine.shutdown() }
        let examples = try lines(of: demoFile("examples.jsonl")).map { try JSONValue.parse($0) }
        #expect(examples.count == 40)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, example) in examples.enumerated() {
                let expected = try ids(example, "continuation_ids")
                let request = GenerationRequest(
                    id: "\(index)", prompt: try ids(example, "prompt_ids"), maximumTokens: expected.count)
                group.addTask {
                    var found: [Int32] = []
                    for try await event in try engine.generate(request) {
                        if case .token(let token) = event { found.append(token.id) }
                    }
                    #expect(found == expected, "\(example["continuation_text"]?.stringValue ?? "")")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("int8 inputs keep a trained model's distributions and first choices", arguments: [DenseFormat.bf16, .int8])
    func eightBits(dense: DenseFormat) async throws {
        let folder = try TemporaryFolder()
        let record = try Importer(library: ModelLibrary(dataFolder: folder.path)).run(
            demoFile("model").path, name: "demo", options: ImportOptions(dense: dense))
        func logits(_ tokens: [Int32], _ precision: Precision) throws -> [[Float]] {
            var options = EngineOptions(precision: precision)
            options.contextLength = 1024
            options.keyValueBytes = 256 << 20
            var rows: [[Float]] = []
            try LoadedModel(try Artifact(folder: record.folder), options: options).forEachLogits(tokens) { _, row in
                rows.append(row.indices.map { row[$0] })
            }
            return rows
        }
        var divergences: [Double] = []
        var agreements = 0
        for example in try lines(of: demoFile("examples.jsonl")).prefix(8).map({ try JSONValue.parse($0) }) {
            let tokens = try ids(example, "prompt_ids") + ids(example, "continuation_ids")
            for (exact, found) in zip(try logits(tokens, .f32), try logits(tokens, .int8)) {
                divergences.append(divergence(exact[...], found[...]))
                agreements += exact.firstIndex(of: exact.max() ?? 0) == found.firstIndex(of: found.max() ?? 0) ? 1 : 0
            }
        }
        #expect(divergences.reduce(0, +) / Double(divergences.count) < 1e-3)
        #expect(Double(agreements) > 0.99 * Double(divergences.count))
    }
}
