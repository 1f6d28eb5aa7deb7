import Generation
import OutcropNumerics

/// Who of those that wait may run.
extension Scheduler {
    /// Sequences that may pass one whose turn it is but for which there are too few pages.
    static let mostOvertakings = 64
    /// Running sequences that one sequence waits for, one after the other, because they compute its beginning.
    static let mostLeaders = 8

    /// Admits sequences in the order of their turns while there are places and pages for all of their tokens.
    ///
    /// A long prompt for which there are too few pages does not stop shorter ones until too many have passed it: from then
    /// on pages are left for it. A sequence whose beginning is being computed by another one is left waiting until it can
    /// be shared.
    mutating func admit() {
        guard !waiting.isEmpty, running.count < limits.runningSequences else { return }
        var needed = running.reduce(0) { $0 + $1.missingFullPages(for: $1.pendingCount) }
        var overtaken: [(client: String?, number: Int)] = []
        for (client, number) in waiting.order() {
            guard running.count < limits.runningSequences else { return }
            guard let candidate = waiting[number, client: client], !isHeld(candidate) else { continue }
            let match = pools.match(candidate)
            if let leader = leader(of: candidate, match) {
                follow(leader, number, client: client)
                continue
            }
            let own = SequenceState.pages(for: candidate.tokens.count) - match.full.count
            // Those who decode will want a page each before long; to preempt one just admitted helps nobody.
            let isRoom = needed + own + running.count <= pools.availableFull - match.unheld
            guard isRoom || running.isEmpty else {
                if candidate.waiting.timesOvertaken >= Self.mostOvertakings { return }
                overtaken.append((client, number))
                continue
            }
            admit(number, client: client, match)
            needed += own
            for passed in overtaken {
                waiting.note(passed.number, client: passed.client) { $0.timesOvertaken += 1 }
            }
        }
    }

    private mutating func admit(_ number: Int, client: String?, _ match: PrefixCache.Match) {
        guard var sequence = waiting.admit(number, client: client) else { return }
        sequence.waiting = WaitingNotes()
        let isFirst = !sequence.wasAdmitted
        pools.adopt(match, by: &sequence)
        running.append(sequence)
        guard isFirst else { return }
        admissions.append(Admission(number: number, cachedTokens: sequence.computed))
        guard limits.reusesPrefixes, sequence.canReusePrefix else { return }
        prefixCounts.queries += sequence.request.prompt.count
        prefixCounts.hits += sequence.computed
    }

    private mutating func follow(_ leader: (number: Int, blocks: Int), _ number: Int, client: String?) {
        waiting.note(number, client: client) {
            $0.leader = leader
            $0.leadersFollowed += 1
        }
        let window = pools.window
        _ = update(leader.number) { $0.addLandmark(afterBlocks: leader.blocks, window: window) }
    }

    /// Whether the running sequence that computes this one's beginning has not got there yet.
    private func isHeld(_ candidate: SequenceState) -> Bool {
        guard let leader = candidate.waiting.leader else { return false }
        return running.contains {
            $0.number == leader.number && $0.isPrefilling && $0.sharedBlocks < leader.blocks
        }
    }

    /// A running sequence that is about to compute the blocks that follow this one's match, and how many blocks the two have
    /// in common.
    private func leader(of candidate: SequenceState, _ match: PrefixCache.Match) -> (number: Int, blocks: Int)? {
        guard limits.reusesPrefixes, candidate.canReusePrefix, candidate.waiting.leadersFollowed < Self.mostLeaders
        else { return nil }
        let known = match.full.count
        let size = KeyValuePages.tokensPerPage
        let most = (candidate.tokens.count - 1) / size
        for other in running where other.isPrefilling && other.sharedBlocks == known {
            guard known == 0 || other.fullPages[known - 1] == match.full[known - 1] else { continue }
            var common = known
            while common < min(most, other.tokens.count / size),
                candidate.tokens[common * size..<(common + 1) * size]
                    == other.tokens[common * size..<(common + 1) * size]
            { common += 1 }
            if common > known { return (other.number, common) }
        }
        return nil
    }
}
