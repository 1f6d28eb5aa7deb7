import Checkpoint
import OutcropNumerics
import Testing

@testable import Inference

/// How memory is divided between the two kinds of layers.
@Suite struct KeyValuePlanTests {
    private let shape = ModelShape(.gptOSS20B)

    private func plan(_ available: Int, change: (inout EngineOptions) -> Void = { _ in }) throws -> KeyValuePlan {
        var options = EngineOptions()
        change(&options)
        return try KeyValuePlan(shape: shape, options: options, availableBytes: available)
    }

    @Test("on 23 GiB sixteen conversations of 8k tokens can be resumed, and with the weights it is less than 18 GiB")
    func sixteenConversations() throws {
        let weights = 11_900_000_000
        let plan = try plan((22 << 30) - weights)
        #expect(plan.fullPages >= 16 * 8192 / 32)
        // The end of a prompt and that of its answer, for each.
        #expect(plan.slidingPages >= 16 * 2 * 5)
        #expect(plan.contextLength == 131_072)
        // Half a gigabyte is for the activations.
        #expect(weights + plan.byteCount + 500_000_000 < 18 << 30)
    }

    @Test("the plan stays within the memory given, and the prefix cache takes nothing from the context asked for")
    func budget() throws {
        for gibibytes in [1, 2, 3, 4, 8, 20] {
            let budget = gibibytes << 30
            let with = try plan(0) { $0.keyValueBytes = budget }
            let without = try plan(0) {
                $0.keyValueBytes = budget
                $0.reusesPrefixes = false
            }
            #expect(with.byteCount <= budget && without.byteCount <= budget)
            #expect(with.contextLength == without.contextLength)
            #expect(with.slidingPages >= without.slidingPages)
        }
    }
}
