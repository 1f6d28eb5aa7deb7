import Generation
import Testing

@testable import Inference

/// Whose turn it is, and for how long.
@Suite struct FairnessTests {
    private static let limits = Scheduler.Limits(
        stepTokens: 512, runningSequences: 32, waitingRequests: 400, window: 128, fullPages: 8000, slidingPages: 500)

    private func sequence(_ number: Int, prompt: Int, client: String? = nil) -> SequenceState {
        // No two begin alike.
        let tokens = (0..<prompt).map { Int32(($0 &* 7 &+ number &* 31) % 500) }
        return SequenceState(
            number: number,
            request: GenerationRequest(id: "\(number)", prompt: [Int32(number)] + tokens.dropLast(), client: client))
    }

    // MARK: - Prompts share a step

    @Test("a short prompt is computed in the step after it came, whatever long ones there are")
    func shortBesideLong() {
        var scheduler = Scheduler(limits: Self.limits)
        var memory = ShadowMemory(window: 128)
        for number in 0..<3 { scheduler.add(sequence(number, prompt: 20_000)) }
        for _ in 0..<5 { _ = memory.step(&scheduler) }
        scheduler.add(sequence(3, prompt: 300))
        #expect(memory.step(&scheduler).first == .init(number: 3, start: 0, count: 300))
        #expect(scheduler.running.first { $0.number == 3 }?.generatedCount == 1)
    }

    @Test("shares never exceed the budget, use all of it that is wanted, and give the oldest a quarter")
    func grants() {
        var random = RandomSource(seed: 3)
        for _ in 0..<2000 {
            let claims = (0..<Int(random.next() % 8)).map { _ in
                PromptShares.Claim(number: 0, tokens: 1 + Int(random.next() % 300))
            }.enumerated().map { PromptShares.Claim(number: $0 * 5 + 2, tokens: $1.tokens) }
            let budget = Int(random.next() % 600)
            let grants = PromptShares.grants(claims, budget: budget)
            #expect(grants.reduce(0) { $0 + $1.tokens } == min(budget, claims.reduce(0) { $0 + $1.tokens }))
            for grant in grants {
                let claim = claims.first { $0.number == grant.number }
                #expect(grant.tokens > 0 && grant.tokens <= claim?.tokens ?? 0)
            }
            guard let oldest = claims.first, budget > 0 else { continue }
            let own = grants.first { $0.number == oldest.number }?.tokens ?? 0
            #expect(own >= min(oldest.tokens, max(1, budget / 4)))
        }
    }

    @Test("a long prompt is through in four times its own steps although short ones never stop coming")
    func noStarvation() {
        var scheduler = Scheduler(limits: Self.limits)
        scheduler.add(sequence(0, prompt: 20_000))
        var steps = 0
        while scheduler.running.first(where: { $0.number == 0 })?.isPrefilling ?? true, steps < 1000 {
            steps += 1
            for index in 0..<3 { scheduler.add(sequence(steps * 3 + index, prompt: 400)) }
            for part in scheduler.schedule() {
                scheduler.complete(part)
                if part.number != 0, scheduler.running.first(where: { $0.number == part.number })?.pendingCount == 0 {
                    _ = scheduler.remove(part.number)
                }
                _ = scheduler.update(0) { if $0.pendingCount == 0 { $0.append(1) } }
            }
        }
        #expect(steps <= 4 * (20_000 / 512 + 1) + 1)
    }

    // MARK: - Admission

    @Test("one client's hundred requests do not delay another's first")
    func clients() {
        var limits = Self.limits
        limits.runningSequences = 4
        var scheduler = Scheduler(limits: limits)
        var memory = ShadowMemory(window: 128)
        for number in 0..<100 { scheduler.add(sequence(number, prompt: 50, client: "many")) }
        _ = memory.step(&scheduler)
        for number in 100..<103 { scheduler.add(sequence(number, prompt: 50, client: "few")) }
        scheduler.add(sequence(103, prompt: 50))
        let first = scheduler.runToEnd(&memory, output: 4)
        func place(_ number: Int) -> Int { first.values.count { $0 < first[number] ?? .max } }
        // The four that ran before and the other clients' requests of the same round.
        #expect(place(100) <= 8 && place(103) <= 8)
        #expect(place(101) <= 12 && place(102) <= 16)
        #expect(first.count == 104)
    }

    @Test("turns go round, each client's requests in order, preempted ones at their old place")
    func queue() {
        var queue = WaitingQueue()
        for (number, client) in [(0, "a"), (1, "a"), (2, "b"), (4, "a"), (5, "c"), (6, "b")] {
            queue.add(sequence(number, prompt: 1, client: client))
        }
        #expect(queue.order().map(\.number) == [0, 2, 5, 1, 6, 4])
        #expect(queue.admit(0, client: "a")?.number == 0)
        #expect(queue.order().map(\.number) == [2, 5, 1, 6, 4])
        queue.add(sequence(0, prompt: 1, client: "a"))
        #expect(queue.order().map(\.number) == [2, 5, 0, 6, 1, 4])
        #expect(queue.remove(5)?.number == 5)
        #expect(queue.remove(5) == nil)
        #expect(queue.count == 5 && queue.first?.number == 2)
    }

    @Test("a prompt for which there are too few pages lets shorter ones pass, but not for ever")
    func overtaking() {
        var limits = Self.limits
        limits.fullPages = 100
        limits.runningSequences = 4
        var scheduler = Scheduler(limits: limits)
        var memory = ShadowMemory(window: 128)
        scheduler.add(sequence(0, prompt: 1500))
        _ = memory.step(&scheduler)
        scheduler.add(sequence(1, prompt: 3000))
        for number in 2..<300 { scheduler.add(sequence(number, prompt: 40)) }
        let first = scheduler.runToEnd(&memory, output: 3)
        #expect(first[2, default: .max] < first[1, default: 0])
        let passed = first.values.count { $0 < first[1, default: 0] }
        #expect(passed <= Scheduler.mostOvertakings + 5 && passed > 10)
    }

    // MARK: - Time

    /// Seconds that a step takes on a made-up machine.
    private func seconds(_ parts: [Scheduler.Part]) -> Double {
        let tokens = parts.reduce(0) { $0 + $1.count }
        return parts.contains { $0.count > 1 } ? 0.2 + 0.01 * Double(tokens) : 0.1
    }

    @Test("while others decode, steps take about the time they may, and a short prompt waits one step and its own")
    func timeBudget() {
        var limits = Self.limits
        limits.stepSeconds = 0.8
        var scheduler = Scheduler(limits: limits)
        var memory = ShadowMemory(window: 128)
        func step() -> Double {
            let parts = memory.step(&scheduler)
            let taken = seconds(parts)
            scheduler.noteDuration(of: parts, seconds: taken)
            return taken
        }
        for number in 0..<8 { scheduler.add(sequence(number, prompt: 100)) }
        // With nobody decoding, as much as takes eight times as long.
        #expect(memory.step(&scheduler).reduce(0) { $0 + $1.count } == 512)
        for _ in 0..<10 { _ = step() }
        scheduler.add(sequence(8, prompt: 5_000))
        var longest = 0.0
        for index in 0..<40 {
            let taken = step()
            if index >= 10 { longest = max(longest, taken) }
        }
        #expect(longest > 0.7 && longest < 0.9)
        // Less than the three quarters of the budget that the long prompt leaves.
        scheduler.add(sequence(9, prompt: 30))
        #expect(step() < 0.9)
        #expect(scheduler.running.first { $0.number == 9 }?.generatedCount == 1)
    }

    @Test("the cost of a step is learnt exactly from steps that differ, and carefully from such as do not")
    func cost() {
        var cost = StepCost()
        #expect(cost.tokens(within: 1) == 128)
        for _ in 0..<5 { cost.note(tokens: 512, seconds: 5.12) }
        #expect(abs(cost.tokens(within: 1) - 100) <= 1)
        for index in 0..<60 {
            let tokens = 32 + index % 7 * 50
            cost.note(tokens: tokens, seconds: 0.25 + 0.005 * Double(tokens))
        }
        #expect(abs(cost.tokens(within: 1) - 150) <= 1)
        #expect(cost.tokens(within: 0.2) == 0)
        // A step that hung for a minute, and clocks gone wrong, change little.
        cost.note(tokens: 100, seconds: 60)
        cost.note(tokens: 100, seconds: -1)
        cost.note(tokens: 100, seconds: .infinity)
        #expect(cost.tokens(within: 1) > 50)
        for index in 0..<60 {
            let tokens = 32 + index % 7 * 50
            cost.note(tokens: tokens, seconds: 0.25 + 0.005 * Double(tokens))
        }
        #expect(abs(cost.tokens(within: 1) - 150) <= 3)
    }
}
