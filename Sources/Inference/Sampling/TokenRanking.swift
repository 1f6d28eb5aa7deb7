import OutcropNumerics

/// Finds the most likely tokens of a distribution, and draws from them, without sorting the vocabulary.
///
/// The likely tokens are gathered from a logit up and taken from a heap one by one. Where a flat distribution has more of
/// them than there is room for, the logit at which a goal is reached is found by bisection over sums, in a bounded number
/// of passes. Nothing is allocated.
final class TokenRanking {
    typealias Candidate = TokenDistribution.Candidate
    typealias Cut = TokenDistribution.Cut

    /// Candidates looked at one by one.
    static let capacity = 4096
    /// Logits below the maximum, in units of the temperature, down to which candidates are gathered, until they suffice.
    private static let depths: [Float] = [8, 16, 64]

    let kernels: KernelSet
    private let scratch: LogitScratch
    private var distribution: TokenDistribution
    /// The most likely tokens, in order.
    private(set) var ranked: [Candidate] = []
    /// Further ones, as a heap with the most likely at its top.
    private var heap = CandidateHeap()
    /// Every token from this logit up is in `ranked` or `heap`.
    private var floor = Float.infinity
    /// Gathers done for this distribution.
    private var gathers = 0

    /// Room to rank rows as wide as those of `logits`.
    init(logits: FloatMatrix, kernels: KernelSet) {
        self.kernels = kernels
        distribution = TokenDistribution(logits, row: 0, temperature: 1, kernels: kernels)
        scratch = LogitScratch(capacity: TokenRanking.capacity, columns: logits.columns)
        ranked.reserveCapacity(TokenRanking.capacity)
        heap.reserveCapacity(TokenRanking.capacity)
    }

    /// Turns to a distribution over as many tokens.
    func begin(_ distribution: TokenDistribution) {
        self.distribution = distribution
        forget()
    }

    private func forget() {
        ranked.removeAll(keepingCapacity: true)
        heap.removeAll()
        floor = .infinity
        gathers = 0
    }

    // MARK: - Cuts

    /// The `count` most likely tokens, in order; fewer if fewer can be drawn. At most `capacity`.
    func best(_ count: Int) -> ArraySlice<Candidate> {
        _ = cut(count: count)
        return ranked.prefix(count)
    }

    /// Keeps the `count` most likely tokens.
    func cut(count: Int) -> Cut {
        // At the inverse temperature 0 every token weighs 1.
        let cut = cut(reaching: Double(count), inverseTemperature: 0)
        if count <= TokenRanking.capacity, !isRanked(cut), cut != .none { rank(cut) }
        return cut
    }

    /// The sum of the weights of all tokens.
    func totalMass() -> Double {
        sum(from: Cut.none.logit, inverseTemperature: distribution.inverseTemperature)
    }

    /// Keeps the fewest tokens whose weights add up to `mass`.
    func cut(mass: Double) -> Cut { cut(reaching: mass, inverseTemperature: distribution.inverseTemperature) }

    /// The sum of the weights of what a cut keeps.
    func mass(of cut: Cut) -> Double {
        if isRanked(cut) { return ranked.prefix { cut.keeps($0) }.reduce(0) { $0 + distribution.weight($1.logit) } }
        return sum(after: cut) + sum(through: cut)
    }

    private func cut(reaching goal: Double, inverseTemperature: Float) -> Cut {
        var reached = 0.0
        for candidate in ranked {
            reached += distribution.weight(candidate.logit, inverseTemperature: inverseTemperature)
            if reached >= goal { return Cut(through: candidate) }
        }
        while true {
            while let candidate = heap.popFirst() {
                ranked.append(candidate)
                reached += distribution.weight(candidate.logit, inverseTemperature: inverseTemperature)
                if reached >= goal { return Cut(through: candidate) }
            }
            guard floor > Cut.none.logit else { return .none }
            let next = nextFloor
            guard gather(from: next, below: floor) else {
                return bisect(next, reached: reached, goal: goal, inverseTemperature: inverseTemperature)
            }
            floor = next
        }
    }

    private var nextFloor: Float {
        defer { gathers += 1 }
        guard gathers < TokenRanking.depths.count else { return Cut.none.logit }
        let depth = TokenRanking.depths[gathers] / distribution.inverseTemperature
        return max(distribution.maximum - depth, Cut.none.logit)
    }

    /// Puts the tokens with logits in `low..<high` on the heap.
    /// - Returns: false, and an empty heap, if there are too many.
    private func gather(from low: Float, below high: Float) -> Bool {
        let logits = distribution.logits
        guard
            let count = kernels.gather(
                logits, row: distribution.row, columns: 0..<logits.columns, from: low, below: high, into: scratch),
            ranked.count + count <= TokenRanking.capacity
        else { return false }
        fillHeap(count, firstColumn: 0)
        heap.order()
        return true
    }

    private func fillHeap(_ count: Int, firstColumn: Int) {
        distribution.logits.withRow(distribution.row) { values in
            for index in 0..<count {
                let column = firstColumn + Int(scratch.indices[index])
                heap.append(Candidate(id: Int32(column), logit: values[column]))
            }
        }
    }

    // MARK: - Bisection

    /// Finds the cut where a goal is reached when there are too many candidates between the floor and `low`.
    /// - Parameter reached: the sum of what is above the floor.
    private func bisect(_ low: Float, reached: Double, goal: Double, inverseTemperature: Float) -> Cut {
        var (low, high, reached) = (low, min(floor, distribution.maximum.nextUp), reached)
        forget()
        let sumToLow = sum(from: low, inverseTemperature: inverseTemperature)
        if sumToLow < goal {
            (low, high, reached) = (Cut.none.logit, low, sumToLow)
            guard sum(from: low, inverseTemperature: inverseTemperature) >= goal else { return .none }
        }
        // From here on the sum from `high` up is `reached`, short of the goal, and that from `low` up is not.
        var steps = 0
        while low.nextUp < high {
            if gather(from: low, below: high) {
                var last = Cut(logit: low)
                while reached < goal, let candidate = heap.popFirst() {
                    reached += distribution.weight(candidate.logit, inverseTemperature: inverseTemperature)
                    last = Cut(through: candidate)
                }
                forget()
                return last
            }
            let middle = steps.isMultiple(of: 2) ? low + (high - low) / 2 : Float.middle(low, high)
            steps += 1
            guard middle > low, middle < high else { continue }
            let sum = sum(from: middle, inverseTemperature: inverseTemperature)
            if sum < goal { (high, reached) = (middle, sum) } else { low = middle }
        }
        let each = distribution.weight(low, inverseTemperature: inverseTemperature)
        return Cut(logit: low, lastID: tie(low, number: ((goal - reached) / each).rounded(.up)))
    }

    /// The id of the token that is the so-many-th (from 1) with this logit.
    private func tie(_ logit: Float, number: Double) -> Int32 {
        distribution.logits.withRow(distribution.row) { values in
            var left = number
            for index in values.indices where values[index] == logit {
                left -= 1
                if left <= 0 { return Int32(index) }
            }
            return .max
        }
    }

    /// Ranks exactly what a cut keeps, at most `capacity` tokens.
    private func rank(_ cut: Cut) {
        forget()
        let split = split(cut)
        let (logits, row) = (distribution.logits, distribution.row)
        let high = distribution.maximum.nextUp
        let first = kernels.gather(logits, row: row, columns: 0..<split, from: cut.logit, below: high, into: scratch)
        fillHeap(first ?? 0, firstColumn: 0)
        let second = kernels.gather(
            logits, row: row, columns: split..<logits.columns, from: cut.logit.nextUp, below: high, into: scratch)
        fillHeap(second ?? 0, firstColumn: split)
        heap.order()
        while let candidate = heap.popFirst() { ranked.append(candidate) }
        // Nothing is looked for behind the cut.
        floor = Cut.none.logit
    }

    // MARK: - Sums

    private func sum(from bound: Float, inverseTemperature: Float) -> Double {
        kernels.sumOfExponentials(
            distribution.logits, row: distribution.row, columns: 0..<distribution.logits.columns,
            maximum: distribution.maximum, inverseTemperature: inverseTemperature, bound: bound, blocks: scratch)
    }

    /// Columns up to which tokens with the cut's logit are kept; behind them only likelier ones are.
    private func split(_ cut: Cut) -> Int { min(Int(cut.lastID) + 1, distribution.logits.columns) }

    /// The sum of what a cut keeps in the columns before its split; leaves the sums of its blocks.
    private func sum(through cut: Cut) -> Double {
        kernels.sumOfExponentials(
            distribution.logits, row: distribution.row, columns: 0..<split(cut), maximum: distribution.maximum,
            inverseTemperature: distribution.inverseTemperature, bound: cut.logit, blocks: scratch)
    }

    /// The same for the columns behind.
    private func sum(after cut: Cut) -> Double {
        let columns = split(cut)..<distribution.logits.columns
        guard !columns.isEmpty else { return 0 }
        return kernels.sumOfExponentials(
            distribution.logits, row: distribution.row, columns: columns, maximum: distribution.maximum,
            inverseTemperature: distribution.inverseTemperature, bound: cut.logit.nextUp, blocks: scratch)
    }

    // MARK: - Draws

    /// Whether everything that a cut keeps is in `ranked`.
    private func isRanked(_ cut: Cut) -> Bool {
        guard let last = ranked.last else { return false }
        return last.logit < cut.logit || (last.logit == cut.logit && last.id >= cut.lastID)
    }

    /// The token at the share `unit` (0..<1) of what a cut keeps.
    func draw(_ cut: Cut, unit: Double) -> Int32 {
        if isRanked(cut) { return drawRanked(cut, unit: unit) }
        let after = sum(after: cut)
        let through = sum(through: cut)
        let target = unit * (through + after)
        if target < through || after == 0 {
            return draw(target, columns: 0..<split(cut), bound: cut.logit)
        }
        _ = sum(after: cut)
        return draw(target - through, columns: split(cut)..<distribution.logits.columns, bound: cut.logit.nextUp)
    }

    private func drawRanked(_ cut: Cut, unit: Double) -> Int32 {
        var target = unit * mass(of: cut)
        var drawn = Int32(distribution.best)
        for candidate in ranked {
            guard cut.keeps(candidate) else { break }
            drawn = candidate.id
            target -= distribution.weight(candidate.logit)
            if target < 0 { break }
        }
        return drawn
    }

    /// The token at `target` of the running sum over the values of at least `bound` in some columns, whose blocks' sums were
    /// just left in the scratch.
    private func draw(_ target: Double, columns: Range<Int>, bound: Float) -> Int32 {
        var target = target
        var block = 0
        let blocks = (columns.count + LogitScratch.columnsPerSum - 1) / LogitScratch.columnsPerSum
        // Rounding may leave something behind the end: then the last block with any weight has it.
        for index in 0..<blocks where scratch.sums[index] > 0 {
            block = index
            if target < scratch.sums[index] { break }
            target -= scratch.sums[index]
        }
        let start = columns.lowerBound + block * LogitScratch.columnsPerSum
        return distribution.logits.withRow(distribution.row) { values in
            var drawn = distribution.best
            for index in start..<min(start + LogitScratch.columnsPerSum, columns.upperBound)
            where values[index] >= bound {
                drawn = index
                target -= distribution.weight(values[index])
                if target < 0 { break }
            }
            return Int32(drawn)
        }
    }
}

extension Float {
    /// A float between two others, half of the floats between them below it.
    fileprivate static func middle(_ low: Float, _ high: Float) -> Float {
        func order(_ x: Float) -> Int64 {
            let bits = Int64(Int32(bitPattern: x.bitPattern))
            return bits >= 0 ? bits : Int64(Int32.min) - bits
        }
        let middle = (order(low) + order(high)) >> 1
        return Float(bitPattern: UInt32(bitPattern: Int32(middle >= 0 ? middle : Int64(Int32.min) - middle)))
    }
}
