/// Guesses a sequence's next tokens from its own past: what followed the last time that its latest tokens occurred
/// (prompt-lookup decoding; Saxena 2023).
///
/// The guesses are drafts: the model computes them along with the token that is due, and what it would have sampled decides
/// how many of them stand. A wrong draft costs time, never another text.
struct PromptLookup: Sendable {
    /// The most tokens drafted at once.
    static let mostDrafts = 15
    private static let lengths = 2...4
    /// Weight of the latest draft in the estimates.
    private static let learningRate = 0.15

    private var indices = lengths.map { NgramIndex(length: $0) }
    /// Leading tokens that are indexed.
    private var indexed = 0
    /// The position at which the run of each length that ends the indexed tokens occurred before.
    private var matches = lengths.map { _ in Int?.none }
    /// For each length, the estimated probability that a draft after such a match is what the model samples. Only long
    /// matches are trusted before anything is known.
    private var estimates = [0.3, 0.5, 0.7]

    /// The tokens that may come next, at most `mostDrafts`.
    private(set) var drafts: [Int32] = []
    /// How many of them the step under way computes.
    private(set) var computedCount = 0
    /// Place in `estimates` of the match that the drafts come from.
    private var source = 0
    /// Drafts that were compared with what was sampled; more than there are once one was wrong.
    private var compared = 0

    /// The estimated probability that the next draft stands.
    var acceptance: Double { drafts.isEmpty ? 0 : estimates[source] }

    /// Looks for drafts after the end of a sequence.
    /// - Parameter limit: how many may be useful.
    mutating func propose(after tokens: [Int32], limit: Int) {
        while indexed < tokens.count {
            for place in indices.indices { matches[place] = indices[place].note(tokens, endingAt: indexed) }
            indexed += 1
        }
        drafts.removeAll(keepingCapacity: true)
        computedCount = 0
        compared = 0
        guard limit > 0, let place = matches.lastIndex(where: { $0 != nil }), let match = matches[place] else { return }
        source = place
        // Where the match's continuation reaches the end of the sequence it goes on as a repetition.
        let period = tokens.count - 1 - match
        for offset in 0..<min(limit, PromptLookup.mostDrafts) {
            drafts.append(offset < period ? tokens[match + 1 + offset] : drafts[offset - period])
        }
    }

    /// Sets how many drafts the next step computes.
    mutating func use(_ count: Int) { computedCount = min(count, drafts.count) }

    /// Learns from a sampled token.
    /// - Returns: whether it is the next draft, which this step has computed: the logits after it are there.
    mutating func note(sampled token: Int32) -> Bool {
        // The first draft teaches even if it was not computed.
        guard compared < max(computedCount, min(1, drafts.count)) else { return false }
        let isRight = drafts[compared] == token
        estimates[source] += PromptLookup.learningRate * ((isRight ? 1 : 0) - estimates[source])
        compared = isRight ? compared + 1 : drafts.count
        return isRight && compared <= computedCount
    }
}
