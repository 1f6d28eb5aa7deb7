/// What a step with prompt tokens costs: a fixed part (the weights that are read whatever the number of tokens) and a part
/// per token, learnt from the steps that were.
///
/// A least-squares line through the measured steps, whose weights fade by a tenth with each new one.
struct StepCost: Sendable {
    /// The least prompt tokens worth a step: fewer stream nearly all experts' weights just the same.
    static let leastPromptTokens = 32
    /// How much of the past's weight is left after a step.
    private static let memory = 0.9
    /// A step that took so many times what was expected counts as only that.
    private static let mostSurprise = 4.0

    private var weight = 0.0
    private var tokens = 0.0
    private var seconds = 0.0
    private var tokensSquared = 0.0
    private var tokensTimesSeconds = 0.0

    /// Notes a step.
    mutating func note(tokens count: Int, seconds measured: Double) {
        guard count > 0, measured > 0, measured.isFinite else { return }
        let x = Double(count)
        // A process that was stopped, or a first touch of the weights, says nothing of the next step.
        let y = weight > 1 ? min(measured, Self.mostSurprise * expected(x)) : measured
        weight = weight * Self.memory + 1
        tokens = tokens * Self.memory + x
        seconds = seconds * Self.memory + y
        tokensSquared = tokensSquared * Self.memory + x * x
        tokensTimesSeconds = tokensTimesSeconds * Self.memory + x * y
    }

    /// What a modest machine computes in a second: believed until steps have been measured.
    private static let modestTokensPerSecond = 128.0

    /// Tokens whose step is expected to take about so long.
    func tokens(within budget: Double) -> Int {
        guard weight > 0 else { return Int(min(budget * Self.modestTokensPerSecond, Double(Int32.max))) }
        let (fixed, perToken) = line
        guard budget > fixed else { return 0 }
        return Int(min((budget - fixed) / perToken, Double(Int32.max)))
    }

    /// Seconds that a step of so many tokens is expected to take.
    private func expected(_ count: Double) -> Double {
        let (fixed, perToken) = line
        return fixed + perToken * count
    }

    /// Both parts are positive: where the steps were too much alike to tell them apart, all of the cost is the tokens'.
    private var line: (fixed: Double, perToken: Double) {
        let mean = (tokens: tokens / weight, seconds: seconds / weight)
        let variance = tokensSquared / weight - mean.tokens * mean.tokens
        let proportional = (fixed: 0.0, perToken: mean.seconds / mean.tokens)
        guard variance > 0.01 * mean.tokens * mean.tokens else { return proportional }
        let slope = (tokensTimesSeconds / weight - mean.tokens * mean.seconds) / variance
        // A tenth of the proportional cost is less than any machine's arithmetic takes beside its memory.
        let perToken = min(max(slope, proportional.perToken / 10), proportional.perToken)
        return (mean.seconds - perToken * mean.tokens, perToken)
    }
}
