import OutcropNumerics
import Testing

@testable import Inference

@Suite struct AttentionPlanTests {
    /// Those of gpt-oss.
    private let heads = AttentionPlan.Heads(keyValue: 8, group: 8)

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
            let heads = AttentionPlan.Heads(keyValue: 1 + Int(random.next() % 8), group: 1 + Int(random.next() % 8))
            let threads = 1 + Int(random.next() % 65)
            plan.cut(
                batch, rows: batch.tokens.indices, window: random.next() % 2 == 0 ? nil : 128, heads: heads,
                threads: threads)
            var seen = [Int](repeating: 0, count: heads.keyValue * heads.group * batch.tokens.count)
            var costs = [Int](repeating: 0, count: threads)
            for thread in 0..<threads {
                plan.forEach(thread: thread) { queryHeads, tile in
                    costs[thread] += tile.cost * queryHeads.count
                    #expect(queryHeads.lowerBound / heads.group == (queryHeads.upperBound - 1) / heads.group)
                    for head in queryHeads {
                        for row in tile.rows { seen[head * batch.tokens.count + row] += 1 }
                    }
                }
            }
            #expect(seen.allSatisfy { $0 == 1 })
            let largest = (plan.tiles.map(\.cost).max() ?? 0) * heads.group / plan.parts
            let fair = costs.reduce(0, +) / threads
            #expect(largest <= fair + 1 || plan.parts == heads.group, "as long as heads can be divided")
            #expect(costs.allSatisfy { abs($0 - fair) <= largest + 1 }, "\(costs), tiles of up to \(largest)")
        }
    }

    @Test("the heads that share keys and values are divided only where one sequence has too few for all threads")
    func parts() {
        let pages = Batch.Pages(full: [], sliding: [], firstSlidingPage: 0)
        var one = Batch()
        one.append([1][...], position: 9_000, pages: pages)
        var many = one
        for _ in 0..<15 { many.append([1][...], position: 9_000, pages: pages) }
        var prompt = Batch()
        prompt.append([Int32](repeating: 0, count: 512)[...], position: 9_000, pages: pages)
        var plan = AttentionPlan()
        func parts(_ batch: Batch, threads: Int) -> Int {
            plan.cut(batch, rows: batch.tokens.indices, window: nil, heads: heads, threads: threads)
            return plan.parts
        }
        #expect([1, 2, 8, 16, 24, 64, 100].map { parts(one, threads: $0) } == [1, 1, 1, 2, 4, 8, 8])
        #expect([8, 64, 128, 256].map { parts(many, threads: $0) } == [1, 1, 1, 2])
        #expect([8, 64].map { parts(prompt, threads: $0) } == [1, 1])
    }

    @Test("rows that are left out are in no tile, and end those before them")
    func someRows() {
        var batch = Batch()
        let pages = Batch.Pages(full: [], sliding: [], firstSlidingPage: 0)
        batch.append([Int32](repeating: 0, count: 9)[...], position: 3, pages: pages)
        batch.append([1, 2][...], position: 12, pages: pages)
        var plan = AttentionPlan()
        plan.cut(batch, rows: [0, 1, 4, 5, 6, 8, 9], window: nil, heads: heads, threads: 1)
        #expect(plan.tiles.map(\.rows) == [0..<2, 4..<7, 8..<9, 9..<10])
        plan.cut(batch, rows: [], window: nil, heads: heads, threads: 1)
        plan.forEach(thread: 0) { _, _ in Issue.record("there is no row") }
    }

    @Test("a tile is consecutive tokens of one sequence, and as long as that allows when there is work for all")
    func tiles() {
        var batch = Batch()
        let pages = Batch.Pages(full: [], sliding: [], firstSlidingPage: 0)
        batch.append([1, 2, 3][...], position: 7, pages: pages)
        batch.append([Int32](repeating: 0, count: 40)[...], position: 0, pages: pages)
        batch.append([4][...], position: 40, pages: pages)
        var plan = AttentionPlan()
        plan.cut(batch, rows: batch.tokens.indices, window: 10, heads: heads, threads: 2)
        #expect(plan.tiles.map(\.rows) == [0..<3, 3..<19, 19..<35, 35..<43, 43..<44])
        #expect(plan.tiles.map(\.cost) == [8 + 9 + 10 + 3 * 32, 115 + 16 * 32, 160 + 16 * 32, 80 + 8 * 32, 10 + 32])
    }
}
