/// Where each run of a few tokens occurred last in a growing sequence.
///
/// A hash table of positions alone: the tokens are compared in the sequence itself, so that nothing is ever confused. A
/// token costs the same whatever the sequence's length; the table doubles as the sequence grows.
struct NgramIndex: Sendable {
    /// Tokens per run.
    let length: Int
    /// Position of the last token of a run plus one; 0 where there is none. A power of two.
    private var slots: [Int32] = []
    private var used = 0

    init(length: Int) { self.length = length }

    /// Notes the run that ends at `position` of `tokens`; call for every position in order.
    /// - Returns: the position at which the same run ended last before, if it has occurred.
    mutating func note(_ tokens: [Int32], endingAt position: Int) -> Int? {
        guard position + 1 >= length else { return nil }
        if 2 * (used + 1) > slots.count { grow(tokens) }
        let slot = find(tokens, endingAt: position)
        let previous = Int(slots[slot]) - 1
        if previous < 0 { used += 1 }
        slots[slot] = Int32(position + 1)
        return previous < 0 ? nil : previous
    }

    private mutating func grow(_ tokens: [Int32]) {
        let old = slots
        slots = [Int32](repeating: 0, count: max(64, 2 * old.count))
        for entry in old where entry > 0 { slots[find(tokens, endingAt: Int(entry) - 1)] = entry }
    }

    /// The slot that holds the run that ends at a position, or where it belongs.
    private func find(_ tokens: [Int32], endingAt position: Int) -> Int {
        var hash: UInt64 = 0
        for index in position + 1 - length...position {
            hash = (hash ^ UInt64(UInt32(bitPattern: tokens[index]))) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
        }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] > 0, !isEqual(tokens, Int(slots[slot]) - 1, position) { slot = (slot + 1) & mask }
        return slot
    }

    private func isEqual(_ tokens: [Int32], _ first: Int, _ second: Int) -> Bool {
        for offset in 0..<length where tokens[first - offset] != tokens[second - offset] { return false }
        return true
    }
}
