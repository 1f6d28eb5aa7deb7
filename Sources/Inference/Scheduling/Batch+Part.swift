extension Batch {
    /// Adds a sequence's part of a step: its own tokens, then the drafts that may follow them.
    mutating func append(_ part: Scheduler.Part, of sequence: SequenceState) {
        append(
            sequence.tokens[part.start..<part.start + part.ownCount],
            drafts: sequence.lookup.drafts.prefix(part.drafts), position: part.start,
            pages: Pages(
                full: sequence.fullPages, sliding: sequence.slidingPages, firstSlidingPage: sequence.firstSlidingPage))
    }
}
