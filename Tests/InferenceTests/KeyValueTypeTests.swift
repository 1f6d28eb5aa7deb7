import Foundation
import JSON
import ModelImport
import ModelLibrary
import OutcropNumerics
import TestSupport
import Testing

@testable import Inference

/// Keys and values as half floats and as bytes.
@Suite(.serialized) struct KeyValueTypeTests {
    private func logits(_ model: LoadedModel, _ tokens: [Int32]) throws -> [[Float]] {
        var rows: [[Float]] = []
        try model.forEachLogits(tokens) { _, row in rows.append(row.indices.map { row[$0] }) }
        return rows
    }

    /// Mean divergence, in nats, from the reference's distributions where every expert is always chosen.
    private func error(_ options: EngineOptions) async throws -> Double {
        let golden = try Golden("d4-allexp")
        let expected = try golden.floats("logits_all_129")
        return try await golden.withModel(options) { model in
            let rows = try logits(model, golden.integers("prompt_129"))
            let width = model.vocabularySize
            return rows.indices.reduce(0.0) {
                $0 + divergence(expected[($1 * width)..<(($1 + 1) * width)], rows[$1][...])
            } / Double(rows.count)
        }
    }

    @Test("half floats cost no accuracy worth the name, bytes less than 1e-3 nats", arguments: KernelSet.tested)
    func accuracy(instructionSet: String) async throws {
        let half = try await error(EngineOptions(keyValueType: .f16, instructionSet: instructionSet))
        let float = try await error(EngineOptions(keyValueType: .f32, instructionSet: instructionSet))
        let byte = try await error(EngineOptions(keyValueType: .int8, instructionSet: instructionSet))
        // Where products round to bf16, other keys and values make other errors, no larger ones.
        #expect(abs(half - float) < max(1e-5, float / 2), "\(half), with floats \(float)")
        #expect(byte < float + 1e-3 && byte > float, "\(byte), with floats \(float)")
    }

    /// Logits after every token of some of the demo model's conversations.
    private func demoLogits(_ artifact: Artifact, _ options: EngineOptions) throws -> [[Float]] {
        var options = options
        options.contextLength = 1024
        options.keyValueBytes = 256 << 20
        let model = try LoadedModel(artifact, options: options)
        return try lines(of: demoFile("examples.jsonl")).prefix(10).flatMap { line in
            let example = try JSONValue.parse(line)
            let ids = try ["prompt_ids", "continuation_ids"].flatMap { key in
                try #require(example[key]?.arrayValue).map { Int32(try #require($0.intValue)) }
            }
            return try logits(model, ids)
        }
    }

    @Test("trained weights: bytes stay within 1e-3 nats of the f32 precision and choose the same tokens")
    func trainedModel() async throws {
        let folder = try TemporaryFolder()
        let record = try Importer(library: ModelLibrary(dataFolder: folder.path)).run(
            demoFile("model").path, name: "demo", options: ImportOptions(dense: .bf16))
        let artifact = try Artifact(folder: record.folder)
        let expected = try demoLogits(artifact, EngineOptions(precision: .f32))
        let found = try demoLogits(artifact, EngineOptions(keyValueType: .int8))
        let mean = zip(expected, found).reduce(0) { $0 + divergence($1.0[...], $1.1[...]) } / Double(expected.count)
        #expect(mean < 1e-3)
        func best(_ row: [Float]) -> Int? { row.indices.max { row[$0] < row[$1] } }
        let same = zip(expected, found).count { best($0) == best($1) }
        #expect(Double(same) >= 0.99 * Double(expected.count), "\(same) of \(expected.count)")
    }

    @Test(
        "threads and chunks change nothing, bit for bit, whatever the pages hold",
        arguments: KeyValueType.allCases)
    func invariance(type: KeyValueType) async throws {
        // AMX takes its tokens in tiles of bf16 where there are many, and byte products where there are few.
        let instructionSet = try #require(KernelSet.available.last { $0 != "amx" })
        let golden = try Golden("d2-gqa8")
        let prompt = try Array(golden.integers("prompt_300")[..<200])
        var expected: [[Float]]?
        for (threads, chunk) in [(1, 512), (2, 1), (3, 29), (17, 9)] {
            let options = EngineOptions(
                keyValueType: type, instructionSet: instructionSet, threads: threads, stepTokens: chunk)
            let rows = try await golden.withModel(options, dense: .int8) { try logits($0, prompt) }
            #expect(expected == nil || expected == rows, "\(threads) threads, chunks of \(chunk)")
            expected = rows
        }
    }

    @Test("bytes hold almost twice the context in the same memory")
    func memory() async throws {
        let golden = try Golden("d1-base")
        var shape = try await golden.withModel(EngineOptions()) { $0.shape }
        shape.maximumContext = 1 << 20
        func plan(_ type: KeyValueType, _ precision: Precision = .fast) throws -> KeyValuePlan {
            let options = EngineOptions(
                precision: precision, keyValueType: type, keyValueBytes: 256 << 20, runningSequences: 1)
            return try KeyValuePlan(shape: shape, options: options, availableBytes: 0)
        }
        let half = try plan(.f16)
        let byte = try plan(.int8)
        let float = try plan(.int8, .f32)
        #expect(Double(byte.contextLength) > 1.8 * Double(half.contextLength))
        #expect(Double(float.contextLength) < 0.51 * Double(half.contextLength))
        for plan in [half, byte, float] {
            #expect(plan.byteCount <= 256 << 20 && plan.byteCount > 255 << 20, "\(plan)")
        }
    }
}
