/// Divides a step's budget of prompt tokens among the prompts that are being computed.
enum PromptShares {
    /// A prompt and the tokens it still lacks.
    struct Claim: Equatable {
        var number: Int
        var tokens: Int
    }

    /// The oldest prompt's share of the budget, whatever else there is: 1/4.
    private static let seniority = 4

    /// The shortest first, so that short prompts do not wait for long ones; but the oldest always gets a quarter, so that it
    /// is through after at most four times its own steps and then the next is the oldest: nobody waits for ever.
    /// - Returns: the tokens granted, at most `budget` together, in the order in which to compute them.
    static func grants(_ claims: [Claim], budget: Int) -> [Claim] {
        guard budget > 0, let oldest = claims.map(\.number).min() else { return [] }
        var rest = budget
        var grants: [Claim] = []
        for claim in claims.sorted(by: { ($0.tokens, $0.number) < ($1.tokens, $1.number) }) {
            grants.append(Claim(number: claim.number, tokens: 0))
            guard claim.number == oldest else { continue }
            let share = min(claim.tokens, max(1, budget / seniority))
            grants[grants.count - 1].tokens = share
            rest -= share
        }
        let wanted = Dictionary(uniqueKeysWithValues: claims.map { ($0.number, $0.tokens) })
        for index in grants.indices {
            let more = min(rest, wanted[grants[index].number, default: 0] - grants[index].tokens)
            grants[index].tokens += more
            rest -= more
        }
        return grants.filter { $0.tokens > 0 }
    }
}
