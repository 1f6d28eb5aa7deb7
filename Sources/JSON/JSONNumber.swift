/// A JSON number as it was written.
public struct JSONNumber: Sendable, Equatable {
    /// The number's text, valid by RFC 8259.
    public let lexeme: String

    /// An integer.
    public init(_ value: Int) { lexeme = String(value) }

    /// A finite double, in the shortest text that reads back as the same value; `0` for anything not finite.
    public init(_ value: Double) { lexeme = value.isFinite ? shortestDecimal(value) : "0" }

    /// A text that the parser has found to be a number.
    init(checkedLexeme: String) { lexeme = checkedLexeme }

    /// Whether the text has neither fraction nor exponent.
    public var isInteger: Bool { !lexeme.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") } }

    /// The value, if the text has neither fraction nor exponent and it fits.
    public var int: Int? { isInteger ? Int(lexeme) : nil }

    /// The nearest double; infinite if the number is too large for one.
    public var double: Double { Double(lexeme) ?? 0 }
}

/// The shortest decimal text of a finite double as Rust's ryu (and so serde_json) writes it: `1.0`, `0.00001`, `1e16`,
/// `1.5e-6`.
///
/// Fixed notation for decimal exponents -5 ... 15, always with a point; exponents without a plus sign beyond these.
public func shortestDecimal(_ value: Double) -> String {
    // Swift prints the shortest digits that read back, too; only the notation differs.
    let text = Array("\(value.magnitude)".utf8)
    let split = text.firstIndex(of: UInt8(ascii: "e")) ?? text.endIndex
    let exponent = split < text.endIndex ? Int(String(decoding: text[(split + 1)...], as: UTF8.self)) ?? 0 : 0
    let mantissa = text[..<split]
    let point = mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mantissa.endIndex
    var digits = mantissa.filter { $0 != UInt8(ascii: ".") }
    // value = 0.digits * 10^scale
    var scale = point - mantissa.startIndex + exponent
    while digits.count > 1, digits.first == UInt8(ascii: "0") {
        digits.removeFirst()
        scale -= 1
    }
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    let sign = value.sign == .minus ? "-" : ""
    if value == 0 { return sign + "0.0" }
    return sign + notation(String(decoding: digits, as: UTF8.self), count: digits.count, scale: scale)
}

private func notation(_ digits: String, count: Int, scale: Int) -> String {
    if scale > 0, scale <= 16 {
        if count <= scale { return digits + String(repeating: "0", count: scale - count) + ".0" }
        return digits.prefix(scale) + "." + digits.dropFirst(scale)
    }
    if scale <= 0, scale > -5 { return "0." + String(repeating: "0", count: -scale) + digits }
    let fraction = digits.dropFirst()
    return digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction) + "e\(scale - 1)"
}
