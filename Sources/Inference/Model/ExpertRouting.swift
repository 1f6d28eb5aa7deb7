import OutcropNumerics

/// Which experts the tokens of a step go to, grouped by expert. Its arrays keep their memory from step to step.
struct ExpertRouting {
    /// Chosen experts, `expertsPerToken` per token.
    private(set) var experts: [Int32] = []
    /// Their weights.
    private(set) var weights: [Float] = []
    /// Rows of the grouped order that belong to each expert: `offsets[e]..<offsets[e + 1]`.
    private(set) var offsets: [Int] = []
    /// For each row of the grouped order, its token.
    private(set) var tokens: [Int] = []
    /// For each row of the grouped order, the weight of its expert's answer.
    private(set) var rowWeights: [Float] = []

    /// Experts with at least one token, ascending.
    private(set) var active: [Int] = []
    /// The next free row of each expert while rows are given out.
    private var next: [Int] = []

    /// Chooses the `k` experts with the largest logits for each token (the lowest index on ties) and softmaxes these.
    mutating func route(_ logits: FloatMatrix, tokens count: Int, experts expertCount: Int, perToken k: Int) {
        experts.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        for token in 0..<count {
            logits.withRow(token) { row in choose(row, experts: expertCount, k) }
        }
        group(tokens: count, experts: expertCount, perToken: k)
    }

    private mutating func choose(_ logits: Span<Float>, experts expertCount: Int, _ k: Int) {
        let first = experts.count
        for expert in 0..<expertCount {
            var place = experts.count
            // A NaN never wins against a number, and something is always chosen.
            while place > first, Self.isBetter(logits[expert], than: logits[Int(experts[place - 1])]) { place -= 1 }
            guard place < first + k else { continue }
            if experts.count == first + k { experts.removeLast() }
            experts.insert(Int32(expert), at: place)
        }
        let maximum = logits[Int(experts[first])]
        var sum: Float = 0
        for index in first..<experts.count {
            let weight = exponential(logits[Int(experts[index])] - maximum)
            weights.append(weight)
            sum += weight
        }
        for index in first..<weights.count { weights[index] /= sum }
    }

    private static func isBetter(_ logit: Float, than other: Float) -> Bool {
        logit > other || (other.isNaN && !logit.isNaN)
    }

    /// A counting sort by expert; tokens ascend within an expert.
    private mutating func group(tokens count: Int, experts expertCount: Int, perToken k: Int) {
        Self.refill(&offsets, 0, count: expertCount + 1)
        for expert in experts { offsets[Int(expert) + 1] += 1 }
        active.removeAll(keepingCapacity: true)
        for expert in 0..<expertCount where offsets[expert + 1] > 0 { active.append(expert) }
        for expert in 0..<expertCount { offsets[expert + 1] += offsets[expert] }
        next.removeAll(keepingCapacity: true)
        next.append(contentsOf: offsets)
        Self.refill(&tokens, 0, count: count * k)
        Self.refill(&rowWeights, 0, count: count * k)
        for index in experts.indices {
            let row = next[Int(experts[index])]
            next[Int(experts[index])] += 1
            tokens[row] = index / k
            rowWeights[row] = weights[index]
        }
    }

    // MARK: - Shares

    /// What reading a block of weights costs beside the tokens that it is multiplied with, in tokens.
    private static let costOfReading = 8

    /// A thread's blocks of the active expert of this index, of `count` that each expert has, where threads go through all
    /// experts one after the other and each takes an equal part of the whole work.
    func share(ofActive index: Int, blocks count: Int, thread: Int, of threads: Int) -> Range<Int> {
        let expert = active[index]
        let before = (offsets[expert] + Self.costOfReading * index) * count
        let each = offsets[expert + 1] - offsets[expert] + Self.costOfReading
        let total = (tokens.count + Self.costOfReading * active.count) * count
        func boundary(_ thread: Int) -> Int {
            let own = total * thread / threads - before
            return min(max(0, (own + each - 1) / each), count)
        }
        return boundary(thread)..<boundary(thread + 1)
    }

    private static func refill<Element>(_ array: inout [Element], _ value: Element, count: Int) {
        array.removeAll(keepingCapacity: true)
        array.append(contentsOf: repeatElement(value, count: count))
    }
}
