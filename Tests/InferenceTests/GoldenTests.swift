import Generation
import OutcropNumerics
import Testing

@testable import Inference

@Suite(.serialized) struct GoldenTests {
    /// Logits of every token of a prompt, one row each.
    private func logits(_ model: LoadedModel, _ tokens: [Int32]) throws -> [[Float]] {
        var rows: [[Float]] = []
        try model.forEachLogits(tokens) { _, row in rows.append(row.indices.map { row[$0] }) }
        return rows
    }

    private func largestDifference(_ found: [Float], _ expected: [Float]) -> Float {
        zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test(
        "f32 logits agree with the reference within 1e-3 on every instruction set",
        arguments: Golden.names, KernelSet.tested)
    func reference(name: String, instructionSet: String) async throws {
        let golden = try Golden(name)
        try await golden.withModel(EngineOptions(precision: .f32, instructionSet: instructionSet)) { model in
            for length in [1, 7, 129, 300] {
                let rows = try logits(model, golden.integers("prompt_\(length)"))
                #expect(rows.count == length)
                let last = try golden.floats("logits_last_\(length)")
                #expect(largestDifference(rows[length - 1], last) < 1e-3, "\(length) tokens")
                guard golden.has("logits_all_\(length)") else { continue }
                let all = try golden.floats("logits_all_\(length)")
                #expect(largestDifference(rows.flatMap { $0 }, all) < 1e-3, "all of \(length) tokens")
            }
        }
    }

    @Test("all layouts of a checkpoint give the same logits", arguments: Golden.names)
    func layouts(name: String) async throws {
        let golden = try Golden(name)
        let prompt = try golden.integers("prompt_129")
        var expected: [[Float]]?
        for layout in ["hf-mxfp4", "hf-bf16", "hf-bf16-sharded", "original"] {
            let rows = try await golden.withModel(EngineOptions(precision: .f32), layout: layout) {
                try logits($0, prompt)
            }
            #expect(expected == nil || expected == rows, "\(layout)")
            expected = rows
        }
    }

    @Test("greedy continuations in f32 are the reference's, token for token", arguments: Golden.names)
    func greedy(name: String) async throws {
        let golden = try Golden(name)
        try await golden.withModel(EngineOptions(precision: .f32)) { model in
            let engine = try InferenceEngine(model)
            defer { engine.shutdown() }
            for length in [7, 129, 300] {
                let expected = try golden.integers("greedy_f32_\(length)")
                let request = GenerationRequest(
                    id: "golden", prompt: try golden.integers("prompt_\(length)"), maximumTokens: expected.count)
                #expect(try await engine.tokens(of: request) == expected, "after \(length) tokens")
            }
        }
    }

    @Test("in f32 threads, chunks and company in the batch change nothing, bit for bit")
    func invariance() async throws {
        let golden = try Golden("d1-base")
        let prompt = try golden.integers("prompt_300")
        var expected: [[Float]]?
        for (threads, chunk) in [(1, 512), (2, 512), (3, 7), (1, 1), (2, 33), (17, 9)] {
            let options = EngineOptions(precision: .f32, threads: threads, stepTokens: chunk)
            let rows = try await golden.withModel(options) { try logits($0, prompt) }
            #expect(expected == nil || expected == rows, "\(threads) threads, chunks of \(chunk)")
            expected = rows
        }
        try await golden.withModel(EngineOptions(precision: .f32)) { model in
            let engine = try InferenceEngine(model)
            defer { engine.shutdown() }
            let alone = try await engine.tokens(
                of: GenerationRequest(id: "alone", prompt: prompt, maximumTokens: 40))
            let together = try await withThrowingTaskGroup(of: (Int, [Int32]).self) { group in
                for index in 0..<6 {
                    let own = index == 0 ? prompt : Array(prompt[(index * 13)..<(index * 13 + 40 * index)])
                    group.addTask {
                        let request = GenerationRequest(id: "\(index)", prompt: own, maximumTokens: 40)
                        return (index, try await engine.tokens(of: request))
                    }
                }
                var first: [Int32] = []
                for try await (index, tokens) in group where index == 0 { first = tokens }
                return first
            }
            #expect(together == alone)
        }
    }
}

extension TokenGenerator {
    /// The ids that a request generates.
    func tokens(of request: GenerationRequest) async throws -> [Int32] {
        var ids: [Int32] = []
        for try await event in try generate(request) {
            if case .token(let token) = event { ids.append(token.id) }
        }
        return ids
    }
}
