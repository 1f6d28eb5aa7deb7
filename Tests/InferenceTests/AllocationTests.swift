import AllocationCounter
import Generation
import OutcropNumerics
import Testing

@testable import Inference

/// A decode step in the steady state allocates nothing.
@Suite(.serialized) struct AllocationTests {
    private static let sampling: [SamplingParameters] = [
        .greedy, SamplingParameters(seed: 1), SamplingParameters(topP: 0.9, seed: 2),
        SamplingParameters(topK: 40, minP: 0.01, seed: 3),
        SamplingParameters(temperature: 0.7, logitBias: [3: 2], seed: 4, minimumTokens: 1000),
    ]

    /// Unoptimised code allocates for every iterator and closure, and the counter has its limits.
    private static var canCount: Bool {
        #if DEBUG
            false
        #else
            ac_is_available() != 0
        #endif
    }

    @Test("forward pass, routing and sampling allocate nothing", .enabled(if: canCount), arguments: [1, 2])
    func steadyState(threads: Int) async throws {
        try await Golden("d1-base").withModel(EngineOptions(threads: threads)) { model in
            model.withForwardPass { forward in
                let loop = EngineLoop(
                    model: forward, limits: model.schedulerLimits, mailbox: EngineMailbox(capacity: 8),
                    counters: EngineCounters(contextLength: model.contextLength))
                for (number, sampling) in Self.sampling.enumerated() {
                    let prompt = (0..<40).map { Int32(($0 * 7 + number) % 500) }
                    loop.scheduler.add(
                        SequenceState(
                            number: number,
                            request: GenerationRequest(id: "\(number)", prompt: prompt, sampling: sampling)))
                }
                // Buffers grow to their size; 40 to 54 tokens are in the second page of each sequence.
                for _ in 0..<5 { loop.step() }
                for _ in 0..<8 { #expect(countAllocations(loop) == 0) }
            }
        }
    }

    /// Allocations of the calling thread in what follows the schedule of a step.
    private func countAllocations(_ loop: EngineLoop) -> Int {
        let parts = loop.scheduler.schedule()
        #expect(parts.count == Self.sampling.count)
        ac_begin()
        loop.run(parts)
        return ac_end()
    }
}
