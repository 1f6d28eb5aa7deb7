import Generation
import Testing

@testable import Inference

@Suite struct SchedulerTests {
    private static let limits = Scheduler.Limits(
        stepTokens: 64, runningSequences: 4, waitingRequests: 16, window: 128, fullPages: 16, slidingPages: 40)

    private func sequence(_ number: Int, prompt: Int) -> SequenceState {
        SequenceState(
            number: number,
            // No two begin alike: what they could share is PrefixReuseTests' subject.
            request: GenerationRequest(id: "\(number)", prompt: [Int32](repeating: Int32(number), count: prompt)))
    }

    /// Runs a step as the engine would: every part is computed, and sequences that reach their end sample token 7.
    private func step(_ scheduler: inout Scheduler) -> [Scheduler.Part] {
        let parts = scheduler.schedule()
        for part in parts {
            scheduler.complete(part)
            _ = scheduler.update(part.number) { sequence in
                if sequence.pendingCount == 0 { sequence.append(7) }
            }
        }
        #expect(scheduler.checkIntegrity())
        return parts
    }

    @Test("a long prompt is computed in chunks of the step's budget")
    func chunks() {
        var scheduler = Scheduler(limits: Self.limits)
        scheduler.add(sequence(0, prompt: 150))
        #expect(step(&scheduler) == [.init(number: 0, start: 0, count: 64)])
        #expect(step(&scheduler) == [.init(number: 0, start: 64, count: 64)])
        #expect(step(&scheduler) == [.init(number: 0, start: 128, count: 22)])
        #expect(step(&scheduler) == [.init(number: 0, start: 150, count: 1)])
    }

    @Test("decodes come before prompts, and a long prompt does not stop them")
    func decodesFirst() {
        var scheduler = Scheduler(limits: Self.limits)
        scheduler.add(sequence(0, prompt: 10))
        _ = step(&scheduler)
        scheduler.add(sequence(1, prompt: 100))
        #expect(
            step(&scheduler) == [.init(number: 0, start: 10, count: 1), .init(number: 1, start: 0, count: 63)])
        #expect(
            step(&scheduler) == [.init(number: 0, start: 11, count: 1), .init(number: 1, start: 63, count: 37)])
        #expect(
            step(&scheduler) == [.init(number: 0, start: 12, count: 1), .init(number: 1, start: 100, count: 1)])
    }

    @Test("pages that slid out of the window are free again")
    func slidingPagesAreFreed() throws {
        var scheduler = Scheduler(limits: Self.limits)
        scheduler.add(sequence(0, prompt: 320))
        for _ in 0..<5 { _ = step(&scheduler) }
        let sequence = try #require(scheduler.running.first)
        // Position 320 sees 193...320: pages 6 to 10 of 32 positions.
        #expect(sequence.firstSlidingPage == 6)
        #expect(sequence.slidingPages.count == 4)
        #expect(sequence.fullPages.count == 10)
    }

    @Test("when pages run out the youngest sequence gives way and is computed again later")
    func preemption() {
        var scheduler = Scheduler(limits: Self.limits)
        // Seven of sixteen pages each, nine in the end.
        scheduler.add(sequence(0, prompt: 220))
        scheduler.add(sequence(1, prompt: 220))
        var order: [Int] = []
        for _ in 0..<400 {
            for part in step(&scheduler) { order.append(part.number) }
            for number in [0, 1] {
                let isDone = scheduler.update(number) { $0.generatedCount >= 60 } ?? false
                if isDone { _ = scheduler.remove(number) }
            }
            if scheduler.isIdle { break }
        }
        #expect(scheduler.isIdle)
        #expect(scheduler.preemptions > 0)
        #expect(scheduler.pageUsage == 0)
        #expect(order.contains(0) && order.contains(1))
    }

    @Test("two prompts that hold all pages between them do not wait for each other for ever")
    func noDeadlock() {
        var limits = Self.limits
        limits.slidingPages = 5
        var scheduler = Scheduler(limits: limits)
        scheduler.add(sequence(0, prompt: 250))
        scheduler.add(sequence(1, prompt: 150))
        var steps = 0
        while !scheduler.isIdle, steps < 300 {
            #expect(!step(&scheduler).isEmpty)
            steps += 1
            for number in 0..<2 {
                let isDone = scheduler.update(number) { $0.generatedCount >= 2 } ?? false
                if isDone { _ = scheduler.remove(number) }
            }
        }
        #expect(scheduler.isIdle)
        #expect(scheduler.preemptions > 0)
    }

    @Test("removing a sequence frees its pages, wherever it is")
    func removal() {
        var scheduler = Scheduler(limits: Self.limits)
        for number in 0..<6 { scheduler.add(sequence(number, prompt: 20)) }
        _ = step(&scheduler)
        for number in 0..<6 { #expect(scheduler.remove(number) != nil) }
        #expect(scheduler.remove(3) == nil)
        #expect(scheduler.isIdle && scheduler.pageUsage == 0 && scheduler.checkIntegrity())
    }

    @Test("random arrivals, cancellations and lengths keep every page free or held once")
    func randomLife() {
        var scheduler = Scheduler(limits: Self.limits)
        var random = RandomSource(seed: 11)
        var open: Set<Int> = []
        for number in 0..<300 {
            if random.nextUnit() < 0.4 {
                scheduler.add(sequence(number, prompt: 1 + Int(random.next() % 480)))
                open.insert(number)
            }
            _ = step(&scheduler)
            for candidate in open where random.nextUnit() < 0.05 {
                _ = scheduler.remove(candidate)
                open.remove(candidate)
            }
            #expect(scheduler.running.count <= 4)
        }
        for number in open { _ = scheduler.remove(number) }
        #expect(scheduler.isIdle && scheduler.checkIntegrity())
    }
}
