import OutcropNumerics
import Testing

@testable import Inference

@Suite struct AttentionPlanTests {
    /// Some sequences' chunks, of one token or many, at random positions.
    private func randomBatch(_ random: inout RandomSource) -> Batch {
        var batch = Batch()
        for _ in 0..<1 + Int(random.next() % 6) {
            let count = random.next() % 3 == 0 ? 1 : 1 + Int(random.next() % 200)
            batch.append(
                [Int32](repeating: 0, count: count)[...], position: Int(random.next() % 5_000),
                pages: Batch.Pages(full: [], sliding: [], firstSlidingPage: 0))
        }
        return batch
    }

    @Test("every head of every token is some thread's, once, and no thread has much more than its share")
    func shares() {
        var random = RandomSource(seed: 1)
        var plan = AttentionPlan()
        for _ in 0..<200 {
            let batch = randomBatch(&random)
            let heads = 1 + Int(random.next() % 8)
            let threads = 1 + Int(random.next() % 9)
            plan.cut(
                batch, rows: batch.tokens.indices, window: random.next() % 2 == 0 ? nil : 128, heads: heads,
                threads: threads)
            var seen = [Int](repeating: 0, count: heads * batch.tokens.count)
            var costs = [Int](repeating: 0, count: threads)
            for thread in 0..<threads {
                plan.forEach(thread: thread, of: threads, heads: heads) { head, tile in
                    costs[thread] += tile.cost
                    for row in tile.rows { seen[head * batch.tokens.count + row] += 1 }
                }
            }
            #expect(seen.allSatisfy { $0 == 1 })
            let largest = plan.tiles.map(\.cost).max() ?? 0
            let fair = costs.reduce(0, +) / threads
            #expect(costs.allSatisfy { abs($0 - fair) <= largest + 1 }, "\(costs), tiles of up to \(largest)")
        }
    }

    @Test("rows that are left out are in no tile, and end those before them")
    func someRows() {
        var batch = Batch()
        let pages = Batch.Pages(full: [], sliding: [], firstSlidingPage: 0)
        batch.append([Int32](repeating: 0, count: 9)[...], position: 3, pages: pages)
        batch.append([1, 2][...], position: 12, pages: pages)
        var plan = AttentionPlan()
        plan.cut(batch, rows: [0, 1, 4, 5, 6, 8, 9], window: nil, heads: 8, threads: 1)
        #expect(plan.tiles.map(\.rows) == [0..<2, 4..<7, 8..<9, 9..<10])
        plan.cut(batch, rows: [], window: nil, heads: 8, threads: 1)
        plan.forEach(thread: 0, of: 1, heads: 8) { _, _ in Issue.record("there is no row") }
    }

    @Test("a tile is consecutive tokens of one sequence, and as long as that allows when there is work for all")
    func tiles() {
        var batch = Batch()
        let pages = Batch.Pages(full: [], sliding: [], firstSlidingPage: 0)
        batch.append([1, 2, 3][...], position: 7, pages: pages)
        batch.append([Int32](repeating: 0, count: 40)[...], position: 0, pages: pages)
        batch.append([4][...], position: 40, pages: pages)
        var plan = AttentionPlan()
        plan.cut(batch, rows: batch.tokens.indices, window: 10, heads: 8, threads: 2)
        #expect(plan.tiles.map(\.rows) == [0..<3, 3..<19, 19..<35, 35..<43, 43..<44])
        #expect(plan.tiles.map(\.cost) == [8 + 9 + 10 + 3 * 32, 115 + 16 * 32, 160 + 16 * 32, 80 + 8 * 32, 10 + 32])
    }
}
