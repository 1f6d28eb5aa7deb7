/// How many tokens the model spent on what. Together they are all tokens that came.
public struct HarmonyTokenCounts: Sendable, Equatable {
    /// Text on the analysis channel.
    public var analysis = 0
    /// Text on the commentary channel: calls of tools and preambles.
    public var commentary = 0
    /// Text on the final channel.
    public var final = 0
    /// Headers, control tokens, and what was ignored.
    public var overhead = 0

    /// All of them.
    public var total: Int { analysis + commentary + final + overhead }

    mutating func countText(on channel: HarmonyChannel) {
        switch channel {
        case .analysis: analysis += 1
        case .commentary: commentary += 1
        case .final: final += 1
        }
    }
}
