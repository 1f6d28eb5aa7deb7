/// The bytes of every token, one after the other in the order of their ids.
struct TokenBytes: Sendable {
    /// All bytes.
    private(set) var bytes: [UInt8] = []
    /// Where each token begins, and where the last one ends.
    private var starts: [UInt32] = [0]

    /// Highest id + 1. Ids that no token has count, too.
    var count: Int { starts.count - 1 }

    /// Where the bytes of a token are; empty if no token has this id.
    @inline(__always) func range(of id: Int32) -> Range<Int> {
        guard id >= 0, Int(id) < count else { return 0..<0 }
        return Int(starts[Int(id)])..<Int(starts[Int(id) + 1])
    }

    mutating func reserve(tokens: Int, bytes byteCount: Int) {
        starts.reserveCapacity(tokens + 1)
        bytes.reserveCapacity(byteCount)
    }

    /// Gives the next id to a token; an empty one leaves the id unused.
    mutating func append(_ token: some Collection<UInt8>) {
        bytes.append(contentsOf: token)
        starts.append(UInt32(bytes.count))
    }

    /// Gives the next id to the concatenation of two tokens.
    mutating func append(_ left: Int32, _ right: Int32) {
        for part in [range(of: left), range(of: right)] {
            for index in part { bytes.append(bytes[index]) }
        }
        starts.append(UInt32(bytes.count))
    }
}
