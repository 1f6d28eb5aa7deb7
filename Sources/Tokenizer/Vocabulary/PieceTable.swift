/// Finds the token that is a whole piece of text, by its bytes.
///
/// Open addressing over one flat array. Pieces of up to seven bytes are their own key, so that most look-ups touch one
/// cache line and compare nothing else; longer ones are found by a hash and compared with the token's bytes.
struct PieceTable: Sendable {
    private struct Slot {
        /// 0 when empty; see `key(of:from:to:)`.
        var key: UInt64 = 0
        var token: Int32 = -1
    }

    private static let longKey: UInt64 = 0xFF << 56

    private var slots: [Slot]
    private let shift: UInt64
    private let tokens: TokenBytes
    private var longest = 0

    /// A table of the tokens for which `isIncluded` holds and that are not empty.
    init(tokens: TokenBytes, isIncluded: (Int32) -> Bool) {
        var bits: UInt64 = 4
        while 1 << bits < tokens.count * 5 / 4 { bits += 1 }
        slots = Array(repeating: Slot(), count: 1 << bits)
        shift = 64 - bits
        self.tokens = tokens
        let bytes = tokens.bytes.span
        for id in 0..<Int32(tokens.count) {
            let range = tokens.range(of: id)
            if !range.isEmpty, isIncluded(id) {
                longest = max(longest, range.count)
                insert(id, Self.key(of: bytes, from: range.lowerBound, to: range.upperBound))
            }
        }
    }

    private mutating func insert(_ token: Int32, _ key: UInt64) {
        var index = place(key)
        while slots[index].key != 0 { index = (index + 1) & (slots.count - 1) }
        slots[index] = Slot(key: key, token: token)
    }

    @inline(__always) private func place(_ key: UInt64) -> Int { Int((key &* 0x9E37_79B9_7F4A_7C15) >> shift) }

    /// The token whose bytes are `text[start..<end]`, a range that is not empty; nil if there is none.
    @inline(__always) func token(_ text: Span<UInt8>, from start: Int, to end: Int) -> Int32? {
        if end - start > longest { return nil }
        let key = Self.key(of: text, from: start, to: end)
        var index = place(key)
        while true {
            let slot = slots[index]
            if slot.key == key, end - start <= 7 || hasBytes(slot.token, text, from: start, to: end) {
                return slot.token
            }
            if slot.key == 0 { return nil }
            index = (index + 1) & (slots.count - 1)
        }
    }

    private func hasBytes(_ token: Int32, _ text: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        let range = tokens.range(of: token)
        guard range.count == end - start else { return false }
        let bytes = tokens.bytes.span
        for index in 0..<range.count where bytes[range.lowerBound + index] != text[start + index] { return false }
        return true
    }

    /// Up to seven bytes and their number; for more, a hash that no shorter piece's key equals.
    @inline(__always) private static func key(of text: Span<UInt8>, from start: Int, to end: Int) -> UInt64 {
        if end - start <= 7 {
            var key = UInt64(end - start) << 56
            var position: UInt64 = 0
            for index in start..<end {
                key |= UInt64(text[index]) << position
                position += 8
            }
            return key
        }
        return hash(of: text, from: start, to: end) | longKey
    }

    private static func hash(of text: Span<UInt8>, from start: Int, to end: Int) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in start..<end { hash = (hash ^ UInt64(text[index])) &* 0x0000_0100_0000_01B3 }
        return hash ^ hash >> 32
    }
}
