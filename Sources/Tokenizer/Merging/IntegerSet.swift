/// A set of integers below a limit that finds its next member quickly: bits, and two levels of bits that say which words
/// of the level below are not zero.
struct IntegerSet {
    private var bits: [UInt64]
    private var words: [UInt64]
    private var groups: [UInt64]

    /// An empty set of integers from 0 to below `limit`.
    init(limit: Int) {
        bits = Array(repeating: 0, count: limit >> 6 + 1)
        words = Array(repeating: 0, count: limit >> 12 + 1)
        groups = Array(repeating: 0, count: limit >> 18 + 1)
    }

    @inline(__always) mutating func insert(_ member: Int) {
        bits[member >> 6] |= 1 << UInt64(member & 63)
        words[member >> 12] |= 1 << UInt64(member >> 6 & 63)
        groups[member >> 18] |= 1 << UInt64(member >> 12 & 63)
    }

    @inline(__always) mutating func remove(_ member: Int) {
        bits[member >> 6] &= ~(1 << UInt64(member & 63))
        if bits[member >> 6] != 0 { return }
        words[member >> 12] &= ~(1 << UInt64(member >> 6 & 63))
        if words[member >> 12] != 0 { return }
        groups[member >> 18] &= ~(1 << UInt64(member >> 12 & 63))
    }

    /// The smallest member that is not less than `start`.
    @inline(__always) func next(atLeast start: Int) -> Int? {
        if let member = Self.firstBit(bits, in: start >> 6, from: start & 63) { return member }
        return nextBeyond(start >> 6)
    }

    /// The smallest member in a word behind `word`.
    private func nextBeyond(_ word: Int) -> Int? {
        if let found = Self.firstBit(words, in: (word + 1) >> 6, from: (word + 1) & 63) {
            return Self.firstBit(bits, in: found, from: 0)
        }
        var group = (word + 1) >> 6 + 1
        while group >> 6 < groups.count {
            if let found = Self.firstBit(groups, in: group >> 6, from: group & 63),
                let word = Self.firstBit(words, in: found, from: 0)
            {
                return Self.firstBit(bits, in: word, from: 0)
            }
            group = (group >> 6 + 1) << 6
        }
        return nil
    }

    @inline(__always) private static func firstBit(_ level: [UInt64], in word: Int, from bit: Int) -> Int? {
        guard word < level.count else { return nil }
        let rest = level[word] & (UInt64.max << UInt64(bit))
        return rest == 0 ? nil : word << 6 + rest.trailingZeroBitCount
    }
}
