import JSON

/// An error as the official package's Python interface raises it.
public struct OfficialError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The exception's class.
    public enum Kind: String, Sendable, Equatable {
        /// The conversation or the tokens cannot be rendered or parsed.
        case harmony = "HarmonyError"
        /// The input is not of the form that is asked for.
        case value = "ValueError"
        /// What `harmony` is where a whole conversation or a training sample is rendered.
        case runtime = "RuntimeError"
        /// A token id is no unsigned 32-bit integer.
        case overflow = "OverflowError"
    }

    /// The exception's class.
    public let kind: Kind
    /// Its text.
    public let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The error in a sentence.
    public var description: String { message }

    /// `{"type": …, "message": …}`
    public var json: JSONValue { ["type": .string(kind.rawValue), "message": .string(message)] }
}
