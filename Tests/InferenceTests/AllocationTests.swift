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

    @Test("scheduling, forward pass, routing and sampling allocate nothing", .enabled(if: canCount))
    func steadyState() async throws {
        // On one thread: a team of several makes its phase's closure one that can be sent to the others.
        try await Golden("d1-base").withModel(EngineOptions(threads: 1)) { model in
            try model.withForwardPass { forward in
                let loop = EngineLoop(
                    model: forward, limits: model.schedulerLimits, mailbox: EngineMailbox(capacity: 8),
                    counters: EngineCounters(contextLength: model.contextLength))
                for (number, sampling) in Self.sampling.enumerated() {
                    let prompt = (0..<33).map { Int32(($0 * 7 + number) % 500) }
                    loop.scheduler.add(
                        SequenceState(
                            number: number,
                            request: GenerationRequest(id: "\(number)", prompt: prompt, sampling: sampling)))
                }
                // Buffers grow to their size, and the language's run-time library makes what it makes when code is run first;
                // 33 to 55 tokens are in the second page of each sequence.
                for _ in 0..<14 { loop.step() }
                for _ in 0..<8 { #expect(countAllocations(loop) == 0) }
            }
        }
    }

    /// Allocations of the calling thread in a step, scheduling included; nobody listens to the events.
    private func countAllocations(_ loop: EngineLoop) -> Int {
        let positions = loop.scheduler.running.map(\.computed)
        ac_begin()
        loop.step()
        let count = ac_end()
        #expect(loop.scheduler.running.map(\.computed) == positions.map { $0 + 1 })
        return count
    }
}
