/// The tokens of a request, or of many.
public struct UsageTokens: Sendable, Equatable {
    /// Tokens of the prompt, those from the cache too.
    public var input: Int
    /// Tokens that were generated, those of the reasoning too.
    public var output: Int
    /// Tokens of the prompt that a cache spared the computing of.
    public var cached: Int
    /// Tokens that were generated as reasoning.
    public var reasoning: Int

    /// Token counts.
    public init(input: Int, output: Int, cached: Int = 0, reasoning: Int = 0) {
        self.input = input
        self.output = output
        self.cached = cached
        self.reasoning = reasoning
    }
}

/// Requests and their tokens, added up.
public struct UsageCounts: Sendable, Equatable {
    /// Requests that a model has worked on.
    public var requests: Int
    /// Their tokens.
    public var tokens: UsageTokens

    /// Requests and their tokens.
    public init(requests: Int, tokens: UsageTokens) {
        self.requests = requests
        self.tokens = tokens
    }

    /// Nothing.
    public static let zero = UsageCounts(requests: 0, tokens: UsageTokens(input: 0, output: 0))

    /// The sum of two.
    public static func + (left: UsageCounts, right: UsageCounts) -> UsageCounts {
        UsageCounts(
            requests: left.requests + right.requests,
            tokens: UsageTokens(
                input: left.tokens.input + right.tokens.input, output: left.tokens.output + right.tokens.output,
                cached: left.tokens.cached + right.tokens.cached,
                reasoning: left.tokens.reasoning + right.tokens.reasoning))
    }
}
