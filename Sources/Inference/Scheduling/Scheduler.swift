import Generation

/// Decides what each step computes: first the next token of every running sequence, then chunks of prompts, within a
/// budget of tokens and the pages there are.
///
/// It holds no memory and runs nothing: `schedule` says what to compute, `complete` takes the outcome.
struct Scheduler {
    /// Limits of a step and of the pools.
    struct Limits: Sendable {
        /// The most tokens in one step.
        var stepTokens: Int
        /// The most sequences computed at once.
        var runningSequences: Int
        /// The most requests that wait.
        var waitingRequests: Int
        /// The widest window of the model.
        var window: Int
        /// Pages of the two pools.
        var fullPages: Int
        var slidingPages: Int
    }

    /// A sequence's part in a step.
    struct Part: Equatable {
        /// The sequence's number.
        var number: Int
        /// Its tokens to compute in this step: `start..<start + count`.
        var start: Int
        var count: Int
    }

    let limits: Limits
    private(set) var waiting: [SequenceState] = []
    private(set) var running: [SequenceState] = []
    private var fullAllocator: PageAllocator
    private var slidingAllocator: PageAllocator

    init(limits: Limits) {
        self.limits = limits
        fullAllocator = PageAllocator(pageCount: limits.fullPages)
        slidingAllocator = PageAllocator(pageCount: limits.slidingPages)
    }

    /// Share of the full pool in use.
    var pageUsage: Double {
        limits.fullPages == 0 ? 0 : 1 - Double(fullAllocator.freeCount) / Double(limits.fullPages)
    }
    var isIdle: Bool { waiting.isEmpty && running.isEmpty }

    mutating func add(_ sequence: SequenceState) { waiting.append(sequence) }

    /// Takes a sequence out, wherever it is, and frees its pages.
    mutating func remove(_ number: Int) -> SequenceState? {
        if let index = waiting.firstIndex(where: { $0.number == number }) { return waiting.remove(at: index) }
        guard let index = running.firstIndex(where: { $0.number == number }) else { return nil }
        releasePages(of: index)
        return running.remove(at: index)
    }

    /// The parts of the next step, decodes first; their pages are allocated.
    ///
    /// When a running sequence finds no page, the youngest one gives its pages up and is computed again later.
    mutating func schedule() -> [Part] {
        var parts = scheduleOnce()
        // Prompts that hold all pages between them would wait for each other for ever: the youngest gives way.
        while parts.isEmpty, running.count > 1, let youngest = youngestRunning {
            preempt(youngest)
            parts = scheduleOnce()
        }
        return parts
    }

    private mutating func scheduleOnce() -> [Part] {
        var parts: [Part] = []
        scheduleDecodes(&parts)
        var budget = limits.stepTokens - parts.reduce(0) { $0 + $1.count }
        for index in running.indices where running[index].isPrefilling && budget > 0 {
            guard let part = placePrompt(index, budget: budget) else { break }
            parts.append(part)
            budget -= part.count
        }
        while budget > 0, running.count < limits.runningSequences, let next = waiting.first {
            running.append(next)
            guard let part = placePrompt(running.count - 1, budget: budget) else {
                running.removeLast()
                break
            }
            waiting.removeFirst()
            parts.append(part)
            budget -= part.count
        }
        return parts
    }

    private mutating func scheduleDecodes(_ parts: inout [Part]) {
        for number in running.filter({ !$0.isPrefilling }).map(\.number) where parts.count < limits.stepTokens {
            while let index = running.firstIndex(where: { $0.number == number }) {
                if let part = place(index, count: 1) {
                    parts.append(part)
                    break
                }
                // May be this sequence itself; then the search above ends the loop.
                guard let youngest = youngestRunning, running.count > 1 else { break }
                let given = running[youngest].number
                parts.removeAll { $0.number == given }
                preempt(youngest)
            }
        }
    }

    private var youngestRunning: Int? {
        running.indices.max { running[$0].number < running[$1].number }
    }

    /// Changes a running sequence in place.
    mutating func update<Result>(_ number: Int, _ change: (inout SequenceState) -> Result) -> Result? {
        guard let index = running.firstIndex(where: { $0.number == number }) else { return nil }
        return change(&running[index])
    }

    /// Notes that a part is computed and frees the pages that slid out of its window.
    mutating func complete(_ part: Part) {
        guard let index = running.firstIndex(where: { $0.number == part.number }) else { return }
        let dropped = running[index].advance(part.count, window: limits.window)
        slidingAllocator.release(dropped)
    }

    /// Whether a sequence of this many tokens can be computed when it is alone.
    func canEverHold(tokens: Int) -> Bool {
        (tokens + 31) / 32 <= limits.fullPages
    }

    /// Every page is either free or held exactly once.
    func checkIntegrity() -> Bool {
        let full = running.reduce(0) { $0 + $1.fullPages.count }
        let sliding = running.reduce(0) { $0 + $1.slidingPages.count }
        return full + fullAllocator.freeCount == limits.fullPages
            && sliding + slidingAllocator.freeCount == limits.slidingPages
            && Set(running.flatMap(\.fullPages)).count == full && Set(running.flatMap(\.slidingPages)).count == sliding
    }

    private mutating func place(_ index: Int, count: Int) -> Part? {
        let full = running[index].missingFullPages(for: count)
        let sliding = running[index].missingSlidingPages(for: count)
        guard fullAllocator.canAllocate(full), slidingAllocator.canAllocate(sliding) else { return nil }
        running[index].addPages(full: fullAllocator.allocate(full), sliding: slidingAllocator.allocate(sliding))
        return Part(number: running[index].number, start: running[index].computed, count: count)
    }

    /// The next chunk of a prompt, smaller when the pages do not reach for a whole one.
    private mutating func placePrompt(_ index: Int, budget: Int) -> Part? {
        var count = min(running[index].pendingCount, budget)
        while count > 0 {
            if let part = place(index, count: count) { return part }
            count /= 2
        }
        return nil
    }

    private mutating func preempt(_ index: Int) {
        releasePages(of: index)
        let sequence = running.remove(at: index)
        let place = waiting.firstIndex { $0.number > sequence.number } ?? waiting.endIndex
        waiting.insert(sequence, at: place)
    }

    private mutating func releasePages(of index: Int) {
        let pages = running[index].reset()
        fullAllocator.release(pages.full)
        slidingAllocator.release(pages.sliding)
    }
}
