import Generation

extension EngineLoop {
    /// Sets the drafts that the next step computes: none while prompts wait or are being computed.
    func proposeDrafts() {
        guard drafts != nil else { return }
        let isDecoding = scheduler.waiting.isEmpty && !scheduler.running.contains { $0.isPrefilling }
        drafts?.begin(sequences: scheduler.running.count)
        for index in scheduler.running.indices {
            let limit = isDecoding ? usefulDrafts(of: scheduler.running[index]) : 0
            scheduler.running[index].proposeDrafts(limit: limit)
            let lookup = scheduler.running[index].lookup
            let count = drafts?.choose(available: lookup.drafts.count, acceptance: lookup.acceptance) ?? 0
            scheduler.running[index].lookup.use(count)
        }
    }

    /// Drafts that a sequence could still use: each yields one token before its last.
    private func usefulDrafts(of sequence: SequenceState) -> Int {
        let most = (sequence.request.maximumTokens ?? .max) - sequence.generatedCount
        return max(0, min(most, counters.contextLength - sequence.tokens.count) - 1)
    }
}

extension SequenceState {
    /// Looks for at most `limit` drafts after the tokens there are.
    mutating func proposeDrafts(limit: Int) { lookup.propose(after: tokens, limit: limit) }
}
