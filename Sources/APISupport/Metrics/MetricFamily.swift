/// A metric: its name, what it tells, and how it is summed.
public struct MetricFamily: Sendable, Hashable {
    /// How values add up.
    public enum Kind: Sendable, Hashable {
        /// Only grows.
        case counter
        /// A value as of now.
        case gauge
        /// Counts of observations up to each bound, and their sum.
        case histogram(bounds: [Double])
    }

    /// The name in the exposition.
    public let name: String
    /// One sentence.
    public let help: String
    /// How values add up.
    public let kind: Kind

    /// A metric by its name in the exposition, its kind and its one sentence of help.
    public init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }
}

/// A value of a metric that is read when it is asked for.
public struct MetricSample: Sendable {
    /// The metric.
    public var family: MetricFamily
    /// Which of the metric's series.
    public var labels: MetricLabels
    /// The value.
    public var value: Double

    /// A value as of now.
    public init(_ family: MetricFamily, _ labels: MetricLabels, _ value: Double) {
        self.family = family
        self.labels = labels
        self.value = value
    }
}

/// Names and values that tell one series of a metric from another.
public struct MetricLabels: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// As in the exposition, without braces: `model="a",code="200"`.
    let text: String

    /// Names and values, in the order in which they are written.
    public init(dictionaryLiteral elements: (String, String)...) {
        text = elements.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
