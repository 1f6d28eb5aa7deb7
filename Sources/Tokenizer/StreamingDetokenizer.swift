/// Turns a stream of tokens into a stream of text that never breaks a Unicode scalar in two.
///
/// All texts that it returns, one after the other, are what decoding all tokens at once and repairing the bytes gives:
/// U+FFFD for each maximal part of an invalid sequence.
public struct StreamingDetokenizer: Sendable {
    private let tokenizer: BytePairTokenizer
    /// The beginning of a scalar, at most three bytes.
    private var pending: [UInt8] = []

    /// At the beginning of a text.
    public init(_ tokenizer: BytePairTokenizer) {
        self.tokenizer = tokenizer
    }

    /// The text that is complete now. An id that no token has adds none.
    public mutating func append(_ id: Int32) -> String {
        guard let bytes = tokenizer.bytes(of: id) else { return "" }
        pending += bytes
        let complete = pending.count - incompleteSuffix(pending)
        let text = String(decoding: pending[..<complete], as: UTF8.self)
        pending.removeFirst(complete)
        return text
    }

    /// The rest at the end of the stream: U+FFFD if a scalar was begun.
    public mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }
}

/// How many bytes at the end of some bytes may become a scalar with bytes that follow: 0 to 3.
private func incompleteSuffix(_ bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
        let lead = bytes[bytes.count - length]
        if lead & 0xC0 == 0x80 { continue }
        let second = length > 1 ? bytes[bytes.count - length + 1] : nil
        return isPartial(lead: lead, second: second, count: length) ? length : 0
    }
    return 0
}

/// Whether bytes begin a scalar that needs more of them; all but the lead are continuation bytes (Unicode 16, table 3-7).
private func isPartial(lead: UInt8, second: UInt8?, count: Int) -> Bool {
    switch lead {
    case 0xC2...0xDF: return count < 2
    case 0xE0...0xEF:
        if count >= 3 { return false }
        guard let second else { return true }
        return lead == 0xE0 ? second >= 0xA0 : lead == 0xED ? second < 0xA0 : true
    case 0xF0...0xF4:
        guard let second else { return true }
        return lead == 0xF0 ? second >= 0x90 : lead == 0xF4 ? second < 0x90 : true
    default: return false
    }
}
