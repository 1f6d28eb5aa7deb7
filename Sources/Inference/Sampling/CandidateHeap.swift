/// A binary heap of candidates with the most likely one at its top; takes no memory beyond its capacity.
struct CandidateHeap {
    private var candidates: [TokenDistribution.Candidate] = []

    mutating func reserveCapacity(_ count: Int) { candidates.reserveCapacity(count) }
    mutating func removeAll() { candidates.removeAll(keepingCapacity: true) }

    /// Adds a candidate at any place: call `order` afterwards.
    mutating func append(_ candidate: TokenDistribution.Candidate) { candidates.append(candidate) }

    /// Makes a heap of what was appended.
    mutating func order() {
        for index in stride(from: candidates.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    /// Takes the most likely candidate out.
    mutating func popFirst() -> TokenDistribution.Candidate? {
        guard let first = candidates.first, let last = candidates.popLast() else { return nil }
        if !candidates.isEmpty {
            candidates[0] = last
            sink(0)
        }
        return first
    }

    private mutating func sink(_ start: Int) {
        var index = start
        let candidate = candidates[index]
        while true {
            var child = 2 * index + 1
            guard child < candidates.count else { break }
            if child + 1 < candidates.count, candidates[child + 1].precedes(candidates[child]) { child += 1 }
            guard candidates[child].precedes(candidate) else { break }
            candidates[index] = candidates[child]
            index = child
        }
        candidates[index] = candidate
    }
}
