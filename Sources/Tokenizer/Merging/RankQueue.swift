/// Places in a piece, each waiting with a rank. The first is the one of the lowest rank; of several, the leftmost.
///
/// Each rank has a list of its places, linked through arrays indexed by place, and a set knows the ranks whose list is
/// not empty: every operation takes constant time, but for sorting a list that was not filled from left to right.
struct RankQueue {
    /// First and last place of each rank's list; -1 for none.
    private var first: [Int32]
    private var last: [Int32]
    /// Whether a rank's list may be out of order.
    private var isUnsorted: [Bool]
    private var waiting: IntegerSet
    /// Neighbours of each place in its list; -1 for none.
    private var next: [Int32] = []
    private var previous: [Int32] = []
    /// No rank below has places.
    private var lowest = 0

    /// An empty queue for ranks below `rankCount`.
    init(rankCount: Int) {
        first = Array(repeating: -1, count: rankCount)
        last = first
        isUnsorted = Array(repeating: false, count: rankCount)
        waiting = IntegerSet(limit: rankCount)
    }

    /// Makes room for places below `places`. The queue is empty.
    mutating func reserve(places: Int) {
        guard next.count < places else { return }
        next = Array(repeating: -1, count: places)
        previous = next
    }

    /// Adds a place that is not in the queue.
    @inline(__always) mutating func insert(_ place: Int, rank: UInt32) {
        let rank = Int(rank)
        let end = last[rank]
        next[place] = -1
        previous[place] = end
        last[rank] = Int32(place)
        if end < 0 {
            first[rank] = Int32(place)
            isUnsorted[rank] = false
            waiting.insert(rank)
            if rank < lowest { lowest = rank }
        } else {
            next[Int(end)] = Int32(place)
            if place < Int(end) { isUnsorted[rank] = true }
        }
    }

    /// Removes a place that is in the queue with this rank.
    @inline(__always) mutating func remove(_ place: Int, rank: UInt32) {
        let rank = Int(rank)
        let before = previous[place]
        let after = next[place]
        if before < 0 { first[rank] = after } else { next[Int(before)] = after }
        if after < 0 { last[rank] = before } else { previous[Int(after)] = before }
        if first[rank] < 0 { waiting.remove(rank) }
    }

    /// Removes and returns the first place and its rank.
    mutating func popFirst() -> (place: Int, rank: UInt32)? {
        guard let rank = waiting.next(atLeast: lowest) else {
            lowest = 0
            return nil
        }
        lowest = rank
        if isUnsorted[rank] { sort(rank) }
        let place = Int(first[rank])
        remove(place, rank: UInt32(rank))
        return (place, UInt32(rank))
    }

    private mutating func sort(_ rank: Int) {
        var places: [Int32] = []
        var place = first[rank]
        while place >= 0 {
            places.append(place)
            place = next[Int(place)]
        }
        places.sort()
        first[rank] = -1
        last[rank] = -1
        for place in places { insert(Int(place), rank: UInt32(rank)) }
    }
}
