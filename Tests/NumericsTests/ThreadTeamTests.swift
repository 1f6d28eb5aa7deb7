import OutcropNumerics
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ThreadTeamTests {
    @Test("every thread runs every job once, and run returns when all have", arguments: [1, 2, 3, 8])
    func everyJobOnce(threads: Int) {
        let team = ThreadTeam(count: threads)
        let counters = (0..<threads).map { _ in Counter() }
        for job in 1...2_000 {
            team.run { thread in counters[thread].add() }
            guard counters.allSatisfy({ $0.value == job }) else {
                Issue.record("after job \(job): \(counters.map(\.value))")
                return
            }
        }
    }

    @Test("shares cover the whole range once", arguments: [1, 2, 3, 8], [0, 1, 7, 64, 1000])
    func shares(threads: Int, total: Int) {
        let team = ThreadTeam(count: threads)
        for unit in [1, 2, 16] {
            let seen = Mutex<[Int]>([])
            team.split(total, unit: unit) { _, range in
                #expect(range.lowerBound % unit == 0)
                seen.withLock { $0.append(contentsOf: range) }
            }
            #expect(seen.withLock { $0.sorted() } == Array(0..<total))
        }
    }

    @Test("teams come and go, each thread prepared and finished")
    func lifeCycle() {
        let counts = Mutex((begun: 0, ended: 0))
        for _ in 0..<50 {
            let team = ThreadTeam(
                count: 3, prepare: { _ in counts.withLock { $0.begun += 1 } },
                finish: { counts.withLock { $0.ended += 1 } })
            team.run { _ in }
        }
        #expect(counts.withLock { $0.begun } == 100)
        #expect(counts.withLock { $0.ended } == 100)
    }
}
