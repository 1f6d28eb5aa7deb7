import Testing

@testable import Usage

@Suite struct BillingWindowTests {
    /// The definition, minute by minute: a window follows the last one if there is work in it; else the next work opens one.
    private func naive(_ spans: [ActivitySpan], length: Int) -> [Int] {
        var busy: Set<Int> = []
        for span in spans { busy.formUnion(span.start...span.end) }
        guard let last = busy.max() else { return [] }
        var starts: [Int] = []
        var time = 0
        while time <= last {
            if busy.contains(time) {
                starts.append(time)
                time += length
                while (time..<time + length).contains(where: busy.contains) {
                    starts.append(time)
                    time += length
                }
            } else {
                time += 1
            }
        }
        return starts
    }

    @Test("windows are what their definition says, in whatever order calls are recorded")
    func agreesWithDefinition() {
        var random = SeededGenerator(seed: 5)
        let minute = 60_000
        for _ in 0..<2000 {
            let calls = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                let start = Int.random(in: 0...90, using: &random)
                let duration = Bool.random(using: &random) ? 0 : Int.random(in: 0...14, using: &random)
                return ActivitySpan(start: start, end: start + duration)
            }
            var spans: [ActivitySpan] = []
            for call in calls {
                BillingWindow.insert(
                    ActivitySpan(start: call.start * minute, end: call.end * minute), into: &spans)
            }
            #expect(BillingWindow.starts(of: spans) == naive(calls, length: 5).map { $0 * minute }, "\(calls)")
            #expect(zip(spans, spans.dropFirst()).allSatisfy { $1.start - $0.end >= BillingWindow.length })
        }
    }

    @Test(
        "examples in minutes",
        arguments: [
            ([0], [0]), ([0, 4], [0]), ([0, 5], [0, 5]), ([0, 8], [0, 5]), ([0, 9, 12], [0, 5, 10]),
            ([0, 10], [0, 10]),
            ([3, 20, 22], [3, 20]),
        ])
    func examples(calls: [Int], starts: [Int]) {
        var spans: [ActivitySpan] = []
        for call in calls.reversed() {
            BillingWindow.insert(ActivitySpan(start: call * 60_000, end: call * 60_000), into: &spans)
        }
        #expect(BillingWindow.starts(of: spans) == starts.map { $0 * 60_000 })
    }
}

/// Reproducible random numbers: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
