import OutcropNumerics
import Testing

@testable import Inference

@Suite struct ExpertRoutingTests {
    @Test("threads that share out the experts compute every block once, and about as much each")
    func shares() throws {
        var random = RandomSource(seed: 7)
        var routing = ExpertRouting()
        for _ in 0..<100 {
            let experts = 4 + Int(random.next() % 60)
            let tokens = 1 + Int(random.next() % 70)
            let blocks = 1 + Int(random.next() % 95)
            let threads = 1 + Int(random.next() % 130)
            let logits = try FloatMatrix(rows: tokens, columns: experts)
            for row in 0..<tokens {
                logits.withMutableRow(row) { row in
                    for expert in 0..<experts { row[expert] = Float(random.next() % 1000) / 100 }
                }
            }
            routing.route(logits, tokens: tokens, experts: experts, perToken: 4)
            var costs = [Int](repeating: 0, count: threads)
            var dearest = 0
            for (index, expert) in routing.active.enumerated() {
                var next = 0
                let each = routing.offsets[expert + 1] - routing.offsets[expert] + 8
                dearest = max(dearest, each)
                for thread in 0..<threads {
                    let share = routing.share(ofActive: index, blocks: blocks, thread: thread, of: threads)
                    #expect(share.isEmpty || share.lowerBound == next)
                    next = max(next, share.upperBound)
                    costs[thread] += share.count * each
                }
                #expect(next == blocks)
            }
            let fair = costs.reduce(0, +) / threads
            #expect(costs.allSatisfy { abs($0 - fair) <= dearest + 1 }, "\(costs), blocks of up to \(dearest)")
        }
    }
}
