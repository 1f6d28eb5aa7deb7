/// Decides how many drafts a step computes: as many as the tokens that they are expected to yield are worth the time that
/// they take.
///
/// Time per row is measured; widths that have not been tried are reckoned from the bytes of weights that they read, which grow
/// with the distinct experts that the rows choose.
struct DraftPlan {
    /// The widest step considered, in rows.
    static let mostRows = 32
    /// Weight of the latest step in the measured times.
    private static let learningRate = 0.1
    /// Drafts must promise this much more than what they cost, so that noise does not decide.
    private static let margin = 1.05

    /// Rows up to which a token's result is the same bits as alone.
    private let mostEqualRows: Int
    /// Whether drafts are computed even where they do not pay.
    private let isEager: Bool
    /// Bytes that steps of 1... rows read.
    private let bytes: [Double]
    /// Seconds that steps of so many rows took; nil if there were none yet.
    private var seconds: [Double?]
    /// Rows and expected tokens of the step that is being planned.
    private var rows = 0
    private var tokens = 0.0

    /// - Parameters:
    ///   - mostEqualRows: rows up to which a token's result is the same bits as alone; a step with drafts has no more.
    ///   - isEager: computes all drafts that there are, whether they pay or not.
    ///   - weightBytes: bytes of weights that a step of so many rows reads.
    init(mostEqualRows: Int, isEager: Bool = false, weightBytes: (Int) -> Double) {
        self.mostEqualRows = min(mostEqualRows, DraftPlan.mostRows)
        self.isEager = isEager
        bytes = (0...DraftPlan.mostRows).map { weightBytes(max(1, $0)) }
        seconds = [Double?](repeating: nil, count: DraftPlan.mostRows + 1)
    }

    /// Begins to plan a step in which so many sequences decode.
    mutating func begin(sequences: Int) {
        rows = sequences
        tokens = Double(sequences)
    }

    /// How many drafts of a sequence to compute, of `available`, each of which stands with the probability `acceptance` if
    /// those before it do.
    mutating func choose(available: Int, acceptance: Double) -> Int {
        let most = min(available, mostEqualRows - rows)
        guard most > 0 else { return 0 }
        if isEager {
            rows += most
            return most
        }
        var (best, bestTokens) = (0, tokens)
        var bestRate = tokens / cost(rows) * DraftPlan.margin
        var expected = tokens
        var probability = 1.0
        for count in 1...most {
            probability *= acceptance
            expected += probability
            let rate = expected / cost(rows + count)
            if rate > bestRate { (best, bestTokens, bestRate) = (count, expected, rate) }
        }
        rows += best
        tokens = bestTokens
        return best
    }

    /// Notes how long a step took, if nothing but decoding went on in it.
    mutating func noteDuration(of parts: [Scheduler.Part], seconds latest: Double) {
        let rows = parts.reduce(0) { $0 + $1.count }
        guard rows <= DraftPlan.mostRows, parts.allSatisfy({ $0.ownCount == 1 }) else { return }
        seconds[rows] = seconds[rows].map { $0 + DraftPlan.learningRate * (latest - $0) } ?? latest
    }

    /// The expected time of a step, in any unit.
    private func cost(_ rows: Int) -> Double {
        if let known = seconds[rows] { return known }
        // In proportion to the measured width that is nearest.
        for distance in 1...DraftPlan.mostRows {
            for other in [rows - distance, rows + distance] where seconds.indices.contains(other) {
                if let known = seconds[other] { return known * bytes[rows] / bytes[other] }
            }
        }
        return bytes[rows]
    }
}
