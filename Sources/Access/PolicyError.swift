/// Why a text is no policy that can be kept to.
public struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where in the policy: `Statement[1].Resource[0]`; empty for the whole.
    public let place: String
    /// What was expected and found there, and what to change.
    public let reason: String

    /// The place and the reason in a sentence.
    public var description: String { place.isEmpty ? "the policy \(reason)" : "\(place) of the policy \(reason)" }

    init(_ place: String, _ reason: String) {
        self.place = place
        self.reason = reason
    }
}
