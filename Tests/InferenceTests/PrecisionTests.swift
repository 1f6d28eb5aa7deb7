import ModelLibrary
import OutcropNumerics
import Testing

@testable import Inference

/// The fast precision's error against the reference. Limits: the published models' own disagreements, measured between the
/// reference implementations (bf16 against f32), layer by layer and, where every expert is always chosen, end to end.
@Suite(.serialized) struct PrecisionTests {
    private static let rows = 129

    @Test(
        "each layer's update is within the limits of its inputs' precision",
        arguments: Golden.names, KernelSet.available)
    func layerLocal(name: String, instructionSet: String) async throws {
        let golden = try Golden(name)
        try await golden.withModel(EngineOptions(instructionSet: instructionSet)) { model in
            try model.withForwardPass { forward in
                try checkLayers(forward, golden)
            }
        }
    }

    private func checkLayers(_ forward: GPTOSSModel, _ golden: Golden) throws {
        let batch = try prompt(golden)
        let width = forward.shape.hiddenSize
        var compared = 0
        for layer in 0..<forward.shape.layers {
            let before = try golden.floats(layer == 0 ? "states/embed_129" : "states/layer\(layer - 1).out_129")
            let after = try golden.floats("states/layer\(layer).out_129")
            forward.embed(batch)
            for row in 0..<Self.rows {
                forward.workspace.hidden.withMutableRow(row) { values in
                    for column in 0..<width { values[column] = before[row * width + column] }
                }
            }
            forward.runLayer(layer, batch)
            let errors = try relativeErrors(forward, golden, layer, before: before, after: after)
            compared += errors.count
            #expect(errors.reduce(0, +) / Float(errors.count) < 1e-2, "layer \(layer): mean")
            #expect(errors.max() ?? 0 < 5e-2, "layer \(layer): largest")
        }
        // At most 2 % of the rows may choose other experts, where the router's margin is within the noise.
        let rows = forward.shape.layers * Self.rows
        #expect(Double(compared) >= 0.98 * Double(rows), "\(compared) of \(rows) rows chose the same experts")
    }

    /// |error| / |update| of each row that chose the reference's experts.
    private func relativeErrors(
        _ forward: GPTOSSModel, _ golden: Golden, _ layer: Int, before: [Float], after: [Float]
    ) throws -> [Float] {
        let width = forward.shape.hiddenSize
        let k = forward.shape.expertsPerToken
        let expected = try golden.integers("states/layer\(layer).expert_ids_129")
        var errors: [Float] = []
        for row in 0..<Self.rows {
            let chosen = Set(forward.workspace.routing.experts[(row * k)..<(row * k + k)])
            guard chosen == Set(expected[(row * k)..<(row * k + k)]) else { continue }
            let found = forward.workspace.hidden.array(row: row)
            var error: Float = 0
            var update: Float = 0
            for column in 0..<width {
                let index = row * width + column
                error += (found[column] - after[index]) * (found[column] - after[index])
                update += (after[index] - before[index]) * (after[index] - before[index])
            }
            errors.append((error / update).squareRoot())
        }
        return errors
    }

    private func prompt(_ golden: Golden) throws -> Batch {
        var batch = Batch()
        let pages = Batch.Pages(full: Array(0..<5), sliding: Array(0..<5), firstSlidingPage: 0)
        batch.append(try golden.integers("prompt_129")[...], position: 0, pages: pages)
        return batch
    }

    @Test(
        "with every expert chosen the distributions stay within 3e-3 nats, int8 dense weights included",
        arguments: KernelSet.available)
    func endToEnd(instructionSet: String) async throws {
        let golden = try Golden("d4-allexp")
        let expected = try golden.floats("logits_all_129")
        let options = EngineOptions(instructionSet: instructionSet)
        try await golden.withModel(options, dense: .int8) { model in
            var sum = 0.0
            let vocabulary = model.vocabularySize
            try model.forEachLogits(golden.integers("prompt_129")) { index, row in
                sum += divergence(
                    expected[(index * vocabulary)..<((index + 1) * vocabulary)], row.indices.map { row[$0] }[...])
            }
            #expect(sum / 129 < 3e-3)
        }
    }
}
