/// What the split patterns distinguish about a Unicode scalar. A scalar is in exactly one of the eight basic classes; a
/// set of several is what a bracket in a pattern matches. The empty set stands for the end of the text.
struct ScalarClass: OptionSet, Sendable {
    let rawValue: UInt8

    /// `\p{Lu}` and `\p{Lt}`
    static let upper = ScalarClass(rawValue: 1)
    /// `\p{Ll}`
    static let lower = ScalarClass(rawValue: 2)
    /// `\p{Lm}` and `\p{Lo}`: letters without case.
    static let uncased = ScalarClass(rawValue: 4)
    /// `\p{M}`
    static let mark = ScalarClass(rawValue: 8)
    /// `\p{N}`
    static let number = ScalarClass(rawValue: 16)
    /// `\s` but for carriage return and line feed.
    static let blank = ScalarClass(rawValue: 32)
    /// Carriage return and line feed.
    static let newline = ScalarClass(rawValue: 64)
    /// Everything else: punctuation, symbols, controls, unassigned.
    static let other = ScalarClass(rawValue: 128)

    /// `\p{L}`
    static let letter: ScalarClass = [.upper, .lower, .uncased]
    /// `\s`
    static let space: ScalarClass = [.blank, .newline]

    /// Whether a class is one of these.
    @inline(__always) func has(_ other: ScalarClass) -> Bool { rawValue & other.rawValue != 0 }
}
