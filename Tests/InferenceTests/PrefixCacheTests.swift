import Generation
import Testing

@testable import Inference

@Suite struct PrefixCacheTests {
    private static let limits = Scheduler.Limits(
        stepTokens: 512, runningSequences: 32, waitingRequests: 64, window: 128, fullPages: 400, slidingPages: 400)

    private func sequence(
        _ number: Int, _ prompt: [Int32], client: String? = nil, promptLogprobs: Int? = nil
    ) -> SequenceState {
        SequenceState(
            number: number,
            request: GenerationRequest(
                id: "\(number)", prompt: prompt, promptLogprobs: promptLogprobs, client: client))
    }

    private func text(_ count: Int, seed: UInt64 = 1) -> [Int32] {
        var random = RandomSource(seed: seed)
        return (0..<count).map { _ in Int32(random.next() % 500) }
    }

    /// Tokens computed for a prompt alone, and what of it was in memory.
    private func compute(
        _ scheduler: inout Scheduler, _ memory: inout ShadowMemory, number: Int, _ prompt: [Int32], output: Int = 1
    ) -> (computed: Int, cached: Int) {
        let before = memory.computedTokens
        let hits = scheduler.prefixCounts.hits
        scheduler.add(sequence(number, prompt))
        _ = scheduler.runToEnd(&memory, output: output)
        return (memory.computedTokens - before, scheduler.prefixCounts.hits - hits)
    }

    @Test(
        "all complete blocks but the last token's are used again",
        arguments: [1, 31, 32, 33, 64, 65, 127, 128, 129, 500])
    func again(count: Int) {
        var scheduler = Scheduler(limits: Self.limits)
        var memory = ShadowMemory(window: 128)
        let prompt = text(count)
        #expect(compute(&scheduler, &memory, number: 0, prompt) == (count, 0))
        let cached = (count - 1) / 32 * 32
        #expect(compute(&scheduler, &memory, number: 1, prompt) == (count - cached, cached))
        #expect(scheduler.prefixCounts == .init(queries: 2 * count, hits: cached))
        #expect(scheduler.pageUsage == 0)
    }

    @Test("a conversation's next turn begins where the last one ended, or where its prompt did")
    func turns() {
        var scheduler = Scheduler(limits: Self.limits)
        var memory = ShadowMemory(window: 128)
        let prompt = text(1000)
        scheduler.add(sequence(0, prompt))
        var answer: [Int32] = []
        _ = scheduler.runToEnd(&memory, output: 201) { _, scheduler in
            answer = scheduler.running.first.map { Array($0.tokens.dropFirst(1000)) } ?? answer
        }
        #expect(answer.count == 200)
        #expect(compute(&scheduler, &memory, number: 1, prompt + answer + text(50)).cached == 1184)
        #expect(compute(&scheduler, &memory, number: 2, prompt + text(50, seed: 2)).cached == 992)
    }

    @Test("without the sliding layers' pages a shorter prefix is used, and where prefixes part they are kept next time")
    func slidingPagesDecide() {
        var limits = Self.limits
        // Room for one sequence's window and chunk and little more.
        limits.slidingPages = 30
        var scheduler = Scheduler(limits: limits)
        var memory = ShadowMemory(window: 128)
        let system = text(640)
        func prompt(_ number: Int) -> [Int32] { system + text(960, seed: UInt64(10 + number)) }
        #expect(compute(&scheduler, &memory, number: 0, prompt(0)).cached == 0)
        // The shared part's last window was overwritten, so all is computed again, but now its end is a landmark.
        #expect(compute(&scheduler, &memory, number: 1, prompt(1)).cached == 0)
        #expect(compute(&scheduler, &memory, number: 2, prompt(2)).cached == 640)
        #expect(compute(&scheduler, &memory, number: 3, prompt(3)).cached == 640)
    }

    @Test("the least recently used blocks go first, a prefix's last ones before its first")
    func leastRecentlyUsed() {
        var limits = Self.limits
        limits.fullPages = 40
        var scheduler = Scheduler(limits: limits)
        var memory = ShadowMemory(window: 128)
        let (a, b, c) = (text(480, seed: 1), text(480, seed: 2), text(480, seed: 3))
        _ = compute(&scheduler, &memory, number: 0, a)
        _ = compute(&scheduler, &memory, number: 1, b)
        #expect(compute(&scheduler, &memory, number: 2, a).cached == 448)
        // 15 of 40 pages for c: b's tail goes.
        _ = compute(&scheduler, &memory, number: 3, c)
        #expect(compute(&scheduler, &memory, number: 4, a).cached == 448)
        let left = compute(&scheduler, &memory, number: 5, b).cached
        #expect(left < 448)
    }

    @Test("a request that wants its prompt's log-probabilities computes all of it and fills the cache")
    func promptLogprobs() {
        var scheduler = Scheduler(limits: Self.limits)
        var memory = ShadowMemory(window: 128)
        let prompt = text(300)
        _ = compute(&scheduler, &memory, number: 0, prompt)
        scheduler.add(sequence(1, prompt + text(100, seed: 2), promptLogprobs: 0))
        let before = memory.computedTokens
        _ = scheduler.runToEnd(&memory, output: 1)
        #expect(memory.computedTokens - before == 400)
        #expect(compute(&scheduler, &memory, number: 2, prompt + text(100, seed: 2)).cached == 384)
    }

    @Test("without reuse nothing is kept")
    func off() {
        var limits = Self.limits
        limits.reusesPrefixes = false
        var scheduler = Scheduler(limits: limits)
        var memory = ShadowMemory(window: 128)
        for number in 0..<3 { #expect(compute(&scheduler, &memory, number: number, text(300)) == (300, 0)) }
        #expect(scheduler.prefixCounts == .init())
        #expect(scheduler.pools.cache.idleCount == 0)
    }

    // MARK: - Computed once for all

    @Test("sixteen conversations that arrive at once compute their system prompt once")
    func sharedSystemPrompt() {
        var scheduler = Scheduler(limits: Self.limits)
        var memory = ShadowMemory(window: 128)
        let system = text(2048)
        for number in 0..<16 { scheduler.add(sequence(number, system + text(100, seed: UInt64(number + 5)))) }
        _ = scheduler.runToEnd(&memory, output: 1)
        #expect(memory.computedTokens == 2048 + 16 * 100)
    }

    @Test("the choices of one request compute their prompt once")
    func choices() {
        var scheduler = Scheduler(limits: Self.limits)
        var memory = ShadowMemory(window: 128)
        for number in 0..<8 { scheduler.add(sequence(number, text(1000))) }
        _ = scheduler.runToEnd(&memory, output: 1)
        #expect(memory.computedTokens == 1000 + 7 * (1000 - 992))
    }

    @Test("when the one that computes a prefix is cancelled the next one goes on from there", arguments: 0..<5)
    func leaderCancelled(step cancelled: Int) {
        var scheduler = Scheduler(limits: Self.limits)
        var memory = ShadowMemory(window: 128)
        let system = text(2048)
        for number in 0..<4 { scheduler.add(sequence(number, system + text(100, seed: UInt64(number + 5)))) }
        let first = scheduler.runToEnd(&memory, output: 1) { step, scheduler in
            if step == cancelled { _ = scheduler.remove(0) }
        }
        #expect(Set(first.keys).isSuperset(of: [1, 2, 3]))
        #expect(memory.computedTokens <= 2048 + 4 * 100)
    }

    // MARK: - All at random

    @Test("whatever comes, goes, is shared, evicted or preempted, each token sees its own prefix", arguments: 0..<12)
    func randomLife(seed: UInt64) {
        var random = RandomSource(seed: seed)
        func draw(_ range: ClosedRange<Int>) -> Int {
            range.lowerBound + Int(random.next() % UInt64(range.count))
        }
        let limits = Scheduler.Limits(
            stepTokens: draw(8...200), runningSequences: draw(1...6), waitingRequests: 99,
            window: [0, 1, 32, 64, 100, 128][draw(0...5)], fullPages: draw(20...60), slidingPages: draw(60...90))
        var scheduler = Scheduler(limits: limits)
        var memory = ShadowMemory(window: limits.window)
        var open: Set<Int> = []
        for number in 0..<150 {
            if random.nextUnit() < 0.5 {
                // Texts of few words, so that prefixes are shared and part at every place.
                var prompt: [Int32] = []
                while prompt.count < 500, random.nextUnit() < 0.9 {
                    prompt += [Int32](repeating: Int32(draw(0...1)), count: draw(1...40))
                }
                scheduler.add(
                    sequence(
                        number, prompt + [3], client: "\(draw(0...2))",
                        promptLogprobs: random.nextUnit() < 0.1 ? 0 : nil))
                open.insert(number)
            }
            _ = memory.step(&scheduler)
            for candidate in open {
                let isDone = scheduler.running.contains { $0.number == candidate && $0.tokens.count > 600 }
                if isDone || random.nextUnit() < 0.02 {
                    _ = scheduler.remove(candidate)
                    open.remove(candidate)
                }
            }
        }
        _ = scheduler.runToEnd(&memory, output: 5)
        #expect(scheduler.pageUsage == 0)
    }
}
