/// The merges: which two adjacent tokens become which, and which pair goes first.
///
/// A pair and its rank are packed into one `UInt64`, found by open addressing over one flat array.
struct MergeTable: Sendable {
    /// The rank of a pair that does not merge.
    static let none = UInt32.max
    /// Ids and ranks are below this: three of them fit into 63 bits.
    static let limit = 1 << 21

    private static let empty = UInt64.max

    private var slots: [UInt64]
    private let shift: UInt64
    /// The token that the merge of each rank makes.
    private let results: [Int32]

    /// Merges in the order of their ranks. A pair that comes twice has its last rank, as in Hugging Face's library.
    ///
    /// There are fewer than `limit` merges and all ids are below it.
    init(_ merges: [(left: Int32, right: Int32, result: Int32)]) {
        var bits: UInt64 = 4
        while 1 << bits < merges.count * 2 { bits += 1 }
        slots = Array(repeating: Self.empty, count: 1 << bits)
        shift = 64 - bits
        results = merges.map(\.result)
        for (rank, merge) in merges.enumerated() {
            let key = Self.key(merge.left, merge.right)
            var index = place(key)
            while slots[index] != Self.empty, slots[index] >> 21 != key { index = (index + 1) & (slots.count - 1) }
            slots[index] = key << 21 | UInt64(rank)
        }
    }

    /// Number of ranks.
    var count: Int { results.count }

    @inline(__always) private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 21 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always) private func place(_ key: UInt64) -> Int { Int((key &* 0x9E37_79B9_7F4A_7C15) >> shift) }

    /// The rank of a pair of tokens; lower ranks merge first. `none` if the pair does not merge.
    @inline(__always) func rank(_ left: Int32, _ right: Int32) -> UInt32 {
        let key = Self.key(left, right)
        var index = place(key)
        while true {
            let slot = slots[index]
            if slot >> 21 == key { return UInt32(truncatingIfNeeded: slot) & 0x1F_FFFF }
            if slot == Self.empty { return Self.none }
            index = (index + 1) & (slots.count - 1)
        }
    }

    /// The token that a merge makes.
    @inline(__always) func result(_ rank: UInt32) -> Int32 { results[Int(rank)] }
}
