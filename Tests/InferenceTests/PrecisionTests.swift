import ModelLibrary
import OutcropNumerics
import Testing

@testable import Inference

/// The errors of the precisions below f32. Limits: the published models' own disagreements, measured between the reference
/// implementations (bf16 or int8 inputs against f32), layer by layer and, where every expert is always chosen, end to end.
@Suite(.serialized) struct PrecisionTests {
    private static let rows = 129

    /// A way to compute, and how far a layer's update may be from the reference's, as parts of it.
    struct Setting: Sendable, CustomTestStringConvertible {
        let instructionSet: String
        let precision: Precision
        let dense: DenseFormat
        let mean: Float
        let largest: Float

        var testDescription: String { "\(instructionSet), \(precision), dense \(dense)" }

        /// With dense weights in bf16 only the experts' inputs are int8, with int8 all but the router's.
        static let all = KernelSet.tested.flatMap { set in
            [
                Setting(instructionSet: set, precision: .fast, dense: .bf16, mean: 1e-2, largest: 5e-2),
                Setting(instructionSet: set, precision: .int8, dense: .bf16, mean: 2e-2, largest: 8e-2),
                Setting(instructionSet: set, precision: .int8, dense: .int8, mean: 3e-2, largest: 1e-1),
            ]
        }
    }

    /// The rows after a layer that was given the reference's rows before it.
    private struct LayerResult {
        var rows: [[Float]]
        var experts: [Set<Int32>]
    }

    @Test(
        "each layer's update is within the limits of its inputs' precision", arguments: Golden.names, Setting.all)
    func layerLocal(name: String, setting: Setting) async throws {
        let golden = try Golden(name)
        let options = EngineOptions(precision: setting.precision, instructionSet: setting.instructionSet)
        let found = try await golden.withModel(options, dense: setting.dense) { try layers(of: $0, golden) }
        let expected =
            if setting.dense == .bf16 {
                try (0..<found.count).map { try referenceLayer($0, golden) }
            } else {
                // What int8 weights cost is no matter of the inputs: the reference has them too.
                try await golden.withModel(EngineOptions(precision: .f32), dense: setting.dense) {
                    try layers(of: $0, golden)
                }
            }
        var compared = 0
        for layer in found.indices {
            let before = try rowsBefore(layer, golden)
            let errors = relativeErrors(found[layer], expected[layer], before: before)
            compared += errors.count
            #expect(errors.reduce(0, +) / Float(errors.count) < setting.mean, "layer \(layer): mean")
            #expect(errors.max() ?? 0 < setting.largest, "layer \(layer): largest")
        }
        // At most 2 % of the rows may choose other experts, where the router's margin is within the noise.
        let rows = found.count * Self.rows
        #expect(Double(compared) >= 0.98 * Double(rows), "\(compared) of \(rows) rows chose the same experts")
    }

    private func layers(of model: LoadedModel, _ golden: Golden) throws -> [LayerResult] {
        let batch = try prompt(golden)
        return try model.withForwardPass { forward in
            try (0..<forward.shape.layers).map { layer in
                let before = try rowsBefore(layer, golden)
                forward.embed(batch)
                for row in 0..<Self.rows {
                    forward.workspace.hidden.withMutableRow(row) { values in
                        for column in values.indices { values[column] = before[row][column] }
                    }
                }
                forward.runLayer(layer, batch)
                let k = forward.shape.expertsPerToken
                return LayerResult(
                    rows: (0..<Self.rows).map { forward.workspace.hidden.array(row: $0) },
                    experts: (0..<Self.rows).map { Set(forward.workspace.routing.experts[($0 * k)..<($0 * k + k)]) })
            }
        }
    }

    private func rowsBefore(_ layer: Int, _ golden: Golden) throws -> [[Float]] {
        split(try golden.floats(layer == 0 ? "states/embed_129" : "states/layer\(layer - 1).out_129"))
    }

    private func referenceLayer(_ layer: Int, _ golden: Golden) throws -> LayerResult {
        LayerResult(
            rows: split(try golden.floats("states/layer\(layer).out_129")),
            experts: split(try golden.integers("states/layer\(layer).expert_ids_129")).map { Set($0) })
    }

    private func split<Element>(_ values: [Element]) -> [[Element]] {
        let width = values.count / Self.rows
        return (0..<Self.rows).map { Array(values[($0 * width)..<(($0 + 1) * width)]) }
    }

    /// |error| / |update| of each row that chose the reference's experts.
    private func relativeErrors(_ found: LayerResult, _ expected: LayerResult, before: [[Float]]) -> [Float] {
        func squares(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
        return (0..<Self.rows).filter { found.experts[$0] == expected.experts[$0] }.map { row in
            let error = squares(found.rows[row], expected.rows[row])
            return (error / squares(expected.rows[row], before[row])).squareRoot()
        }
    }

    private func prompt(_ golden: Golden) throws -> Batch {
        var batch = Batch()
        let pages = Batch.Pages(full: Array(0..<5), sliding: Array(0..<5), firstSlidingPage: 0)
        batch.append(try golden.integers("prompt_129")[...], position: 0, pages: pages)
        return batch
    }

    @Test(
        "with every expert chosen the distributions stay within 3e-3 nats, int8 dense weights included in fast",
        arguments: KernelSet.tested, [Precision.fast, .int8])
    func endToEnd(instructionSet: String, precision: Precision) async throws {
        let golden = try Golden("d4-allexp")
        let expected = try golden.floats("logits_all_129")
        let options = EngineOptions(precision: precision, instructionSet: instructionSet)
        try await golden.withModel(options, dense: precision == .fast ? .int8 : .bf16) { model in
            var sum = 0.0
            let vocabulary = model.vocabularySize
            try model.forEachLogits(golden.integers("prompt_129")) { index, row in
                sum += divergence(
                    expected[(index * vocabulary)..<((index + 1) * vocabulary)], row.indices.map { row[$0] }[...])
            }
            #expect(sum / 129 < 3e-3)
        }
    }

    /// The sets whose forms of activations do not change with the number of tokens when dense weights are int8.
    @Test(
        "fixed point gives the same logits whatever the threads and chunks, bit for bit",
        arguments: KernelSet.available.filter { $0 != "amx" }, [Precision.fast, .int8])
    func invariance(instructionSet: String, precision: Precision) async throws {
        let golden = try Golden("d1-base")
        let prompt = try golden.integers("prompt_129")
        var expected: [[Float]]?
        for (threads, chunk) in [(1, 512), (2, 33), (3, 7), (2, 1), (17, 9)] {
            let options = EngineOptions(
                precision: precision, instructionSet: instructionSet, threads: threads, stepTokens: chunk)
            var rows: [[Float]] = []
            try await golden.withModel(options, dense: .int8) { model in
                try model.forEachLogits(prompt) { _, row in rows.append(row.indices.map { row[$0] }) }
            }
            #expect(expected == nil || expected == rows, "\(threads) threads, chunks of \(chunk)")
            expected = rows
        }
    }
}
