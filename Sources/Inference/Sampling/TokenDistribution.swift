import OutcropNumerics

/// A row of logits as a distribution over tokens: the softmax at a temperature, up to its normaliser.
///
/// Tokens are ordered from the most likely to the least, lower ids first on ties. Logits that are not numbers, or -infinity,
/// belong to no token that can be drawn.
struct TokenDistribution {
    let logits: FloatMatrix
    let row: Int
    /// The most likely token.
    let best: Int
    /// Its logit.
    let maximum: Float
    let inverseTemperature: Float

    init(_ logits: FloatMatrix, row: Int, temperature: Float, kernels: KernelSet) {
        self.logits = logits
        self.row = row
        best = kernels.argmax(logits, row: row)
        maximum = logits.withRow(row) { [best] in $0[best] }
        inverseTemperature = 1 / temperature
    }

    /// Whether all but the most likely token are out of the question: its logit, or the temperature's inverse in base 2, is
    /// infinite or undefined.
    var isCertain: Bool { !maximum.isFinite || !(inverseTemperature * Self.log2OfE).isFinite }

    private static let log2OfE: Float = 1.442_695

    /// The probability of a token with this logit, relative to the most likely one's.
    func weight(_ logit: Float) -> Double { weight(logit, inverseTemperature: inverseTemperature) }

    /// The same at another temperature; 1 for every token at the inverse temperature 0.
    func weight(_ logit: Float, inverseTemperature: Float) -> Double {
        Double(exponential((logit - maximum) * inverseTemperature))
    }

    /// A token and its logit.
    struct Candidate: Equatable {
        var id: Int32
        var logit: Float

        /// Whether this one is more likely, or as likely with a lower id.
        func precedes(_ other: Candidate) -> Bool {
            logit > other.logit || (logit == other.logit && id < other.id)
        }
    }

    /// The most likely tokens up to a place in their order: those above a logit, and those equal to it up to an id.
    struct Cut: Equatable {
        var logit: Float
        var lastID: Int32

        /// Every token that can be drawn.
        static let none = Cut(logit: -.greatestFiniteMagnitude, lastID: .max)

        /// Up to a token, itself included.
        init(through candidate: Candidate) { self.init(logit: candidate.logit, lastID: candidate.id) }

        init(logit: Float, lastID: Int32 = .max) {
            self.logit = max(logit, -.greatestFiniteMagnitude)
            self.lastID = lastID
        }

        func keeps(_ candidate: Candidate) -> Bool {
            candidate.logit > logit || (candidate.logit == logit && candidate.id <= lastID)
        }

        /// What both keep.
        func intersection(_ other: Cut) -> Cut {
            if logit != other.logit { return logit > other.logit ? self : other }
            return lastID < other.lastID ? self : other
        }
    }
}
