import Generation
import OutcropNumerics

/// Decides what each step computes: first the next token of every running sequence, then chunks of prompts, within a
/// budget of tokens and time and the pages there are.
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
        /// Whether computed blocks are kept for sequences that begin alike.
        var reusesPrefixes = true
        /// Seconds that a step should take while anyone decodes, eight times as many while nobody does; no limit if nil.
        var stepSeconds: Double?
    }

    /// A sequence's part in a step.
    struct Part: Equatable {
        /// The sequence's number.
        var number: Int
        /// Its tokens to compute in this step: `start..<start + count`.
        var start: Int
        var count: Int
        /// Tokens at the end of these that are drafts: guesses of what will be sampled.
        var drafts = 0
        /// Its tokens that the sequence has.
        var ownCount: Int { count - drafts }
    }

    /// The first time that a sequence's turn came.
    struct Admission: Equatable {
        /// The sequence's number.
        var number: Int
        /// Tokens of its prompt that were in memory.
        var cachedTokens: Int
    }

    /// What the prefix cache was asked for and gave, in prompt tokens.
    struct PrefixCounts: Equatable, Sendable {
        var queries = 0
        var hits = 0
    }

    /// How much longer a step may take while no answer is being written: large chunks use the machine best, but whoever comes
    /// meanwhile waits for the step's end.
    private static let idlePatience = 8.0

    let limits: Limits
    var waiting = WaitingQueue()
    var running: [SequenceState] = []
    var pools: PagePools
    var prefixCounts = PrefixCounts()
    /// How often a sequence gave its pages up, to be computed again.
    private(set) var preemptions = 0
    /// The sequences that the latest step admitted and that had not been before.
    var admissions: [Admission] = []
    /// The latest step's parts.
    private var latestParts: [Part] = []
    /// What steps have taken.
    private var cost = StepCost()

    init(limits: Limits) {
        self.limits = limits
        pools = PagePools(
            fullPages: limits.fullPages, slidingPages: limits.slidingPages, window: limits.window,
            reusesPrefixes: limits.reusesPrefixes)
    }

    /// Share of the full pool that running sequences hold.
    var pageUsage: Double { pools.usage }
    var isIdle: Bool { waiting.isEmpty && running.isEmpty }

    mutating func add(_ sequence: SequenceState) { waiting.add(sequence) }

    /// Takes a sequence out, wherever it is; complete blocks of it stay in the prefix cache.
    mutating func remove(_ number: Int) -> SequenceState? {
        if let sequence = waiting.remove(number) { return sequence }
        guard let index = running.firstIndex(where: { $0.number == number }) else { return nil }
        pools.release(&running[index])
        return running.remove(at: index)
    }

    /// Changes a running sequence in place.
    mutating func update<Result>(_ number: Int, _ change: (inout SequenceState) -> Result) -> Result? {
        guard let index = running.firstIndex(where: { $0.number == number }) else { return nil }
        return change(&running[index])
    }

    /// Notes that a part is computed; its drafts do not count before they are accepted.
    mutating func complete(_ part: Part) { advance(part.number, by: part.ownCount) }

    /// Notes that the next draft of a sequence is what was sampled, and was appended to its tokens.
    mutating func acceptDraft(of number: Int) { advance(number, by: 1) }

    private mutating func advance(_ number: Int, by count: Int) {
        guard let index = running.firstIndex(where: { $0.number == number }) else { return }
        pools.advance(&running[index], by: count)
    }

    /// Notes how long a step took.
    mutating func noteDuration(of parts: [Part], seconds: Double) {
        // Steps that only decode read fewer weights and say nothing about prompts.
        guard parts.contains(where: { $0.ownCount > 1 }) else { return }
        cost.note(tokens: parts.reduce(0) { $0 + $1.count }, seconds: seconds)
    }

    /// Whether pages and sequences agree.
    func checkIntegrity() -> Bool { pools.checkIntegrity(running) }

    // MARK: - A step

    /// The parts of the next step, decodes first; their pages are allocated.
    ///
    /// When a running sequence finds no page, the youngest one gives its pages up and is computed again later.
    mutating func schedule() -> [Part] {
        // The memory of the last step's parts is used again.
        var parts: [Part] = []
        swap(&parts, &latestParts)
        parts.removeAll(keepingCapacity: true)
        admissions.removeAll(keepingCapacity: true)
        scheduleDecodes(&parts)
        admit()
        schedulePrompts(&parts)
        // Sequences that hold all pages between them would wait for each other for ever: the youngest gives way.
        while parts.isEmpty, running.count > 1, let youngest = youngestRunning {
            preempt(youngest)
            scheduleDecodes(&parts)
            schedulePrompts(&parts)
        }
        latestParts = parts
        return parts
    }

    private mutating func scheduleDecodes(_ parts: inout [Part]) {
        var rows = 0
        var index = 0
        while index < running.count, rows < limits.stepTokens {
            if running[index].isPrefilling {
                index += 1
            } else if let part = placeDecode(index, budget: limits.stepTokens - rows) {
                parts.append(part)
                rows += part.count
                index += 1
            } else if running.count > 1, let youngest = youngestRunning {
                // May be this sequence itself.
                let given = running[youngest].number
                if let place = parts.firstIndex(where: { $0.number == given }) { rows -= parts.remove(at: place).count }
                preempt(youngest)
                if youngest < index { index -= 1 }
            } else {
                index += 1
            }
        }
    }

    /// The next token of a sequence, and its drafts if there are room and pages for them.
    private mutating func placeDecode(_ index: Int, budget: Int) -> Part? {
        let drafts = running[index].lookup.computedCount
        if drafts > 0, 1 + drafts <= budget, var part = place(index, count: 1 + drafts) {
            part.drafts = drafts
            return part
        }
        running[index].lookup.use(0)
        return place(index, count: 1)
    }

    private mutating func schedulePrompts(_ parts: inout [Part]) {
        guard parts.count < running.count else { return }
        let placed = Set(parts.map(\.number))
        let unplaced = running.filter { !placed.contains($0.number) }
        let grants = PromptShares.grants(
            unplaced.map { PromptShares.Claim(number: $0.number, tokens: $0.pendingCount) },
            budget: promptBudget(decodes: parts.reduce(0) { $0 + $1.count }))
        for grant in grants {
            guard let index = running.firstIndex(where: { $0.number == grant.number }) else { continue }
            if let part = placePrompt(index, budget: grant.tokens) { parts.append(part) }
        }
    }

    /// Tokens of prompts that fit into this step.
    private func promptBudget(decodes: Int) -> Int {
        let room = limits.stepTokens - decodes
        guard let seconds = limits.stepSeconds else { return room }
        let patience = decodes > 0 ? seconds : seconds * Self.idlePatience
        return min(room, max(StepCost.leastPromptTokens, cost.tokens(within: patience) - decodes))
    }

    private mutating func place(_ index: Int, count: Int) -> Part? {
        guard pools.grow(&running[index], by: count) else { return nil }
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

    private var youngestRunning: Int? {
        running.indices.max { running[$0].number < running[$1].number }
    }

    private mutating func preempt(_ index: Int) {
        preemptions += 1
        pools.release(&running[index])
        waiting.add(running.remove(at: index))
    }
}
