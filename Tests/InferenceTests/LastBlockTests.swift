import OutcropNumerics
import Testing

@testable import Inference

/// The last block computes only what somebody needs.
@Suite struct LastBlockTests {
    /// Two sequences in one step, with pages of their own.
    private func batch(_ golden: Golden) throws -> Batch {
        let tokens = try golden.integers("prompt_129")
        var batch = Batch()
        batch.append(
            tokens[0..<70], position: 0, pages: Batch.Pages(full: [0, 1, 2], sliding: [0, 1, 2], firstSlidingPage: 0))
        batch.append(
            tokens[70..<100], position: 0, pages: Batch.Pages(full: [3], sliding: [3], firstSlidingPage: 0))
        return batch
    }

    @Test(
        "rows that are asked for have the same bits as when all are, and every token's keys and values are there",
        arguments: [[], [69], [69, 99], [0, 1, 2, 40, 69, 70, 98], Array(0..<100)] as [[Int]])
    func sameBits(rows: [Int]) async throws {
        let golden = try Golden("d1-base")
        try await golden.withModel(EngineOptions(precision: .f32)) { model in
            let batch = try batch(golden)
            try model.withForwardPass { forward in
                forward.forward(batch, rows: Array(0..<batch.tokens.count))
                let all = (0..<batch.tokens.count).map { forward.workspace.hidden.array(row: $0) }
                let pages = contents(forward)
                forward.forward(batch, rows: rows)
                #expect(rows.indices.map { forward.workspace.hidden.array(row: $0) } == rows.map { all[$0] })
                #expect(contents(forward) == pages)
            }
            // Nor does it depend on what an earlier step left behind.
            try model.withForwardPass { forward in
                forward.forward(batch, rows: rows)
                let first = contents(forward)
                forward.forward(batch, rows: Array(0..<batch.tokens.count))
                #expect(contents(forward) == first)
            }
        }
    }

    private func contents(_ forward: GPTOSSModel) -> [UInt8] {
        var bytes: [UInt8] = []
        for pool in [forward.fullPages, forward.slidingPages] {
            for page in 0..<4 { pool.append(page: page, to: &bytes) }
        }
        return bytes
    }
}
