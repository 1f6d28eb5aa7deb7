/// Why bytes are no document that `XMLParser` takes.
public enum XMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// They break XML's grammar or use what is left out here (document types, entities of their own); where it happened, in bytes,
    /// and what was expected.
    case malformed(offset: Int, expected: String)
    /// They are more, deeper or of more elements than the limits allow; the text says which limit.
    case tooLarge(String)

    /// The text for a message.
    public var description: String {
        switch self {
        case .malformed(let offset, let expected): "malformed XML at byte \(offset): expected \(expected)"
        case .tooLarge(let limit): "the XML is too large: \(limit)"
        }
    }
}
