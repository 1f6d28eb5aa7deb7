import Synchronization

/// The server's metrics, in Prometheus' text format.
public final class Metrics: Sendable {
    /// Reads values when metrics are asked for.
    public typealias Collector = @Sendable () -> [MetricSample]

    private struct State {
        var families: [MetricFamily] = []
        var series: [MetricFamily: [MetricLabels: Series]] = [:]
        var collectors: [Collector] = []

        mutating func update(_ family: MetricFamily, _ labels: MetricLabels, _ change: (inout Series) -> Void) {
            if series[family] == nil { families.append(family) }
            change(&series[family, default: [:]][labels, default: Series(family.kind)])
        }
    }

    private let state = Mutex(State())

    /// Nothing measured yet.
    public init() {}

    /// Adds to a counter.
    public func increment(_ family: MetricFamily, _ labels: MetricLabels = [:], by amount: Double = 1) {
        state.withLock { $0.update(family, labels) { $0.sum += amount } }
    }

    /// Records one observation in a histogram.
    public func observe(_ family: MetricFamily, _ labels: MetricLabels, _ value: Double) {
        state.withLock { $0.update(family, labels) { $0.observe(value, family.kind) } }
    }

    /// Adds values that are read at each exposition.
    public func add(_ collector: @escaping Collector) {
        state.withLock { $0.collectors.append(collector) }
    }

    /// All metrics in Prometheus' text format 0.0.4.
    public func exposition() -> String {
        let (collectors, lines) = state.withLock { state in
            (state.collectors, state.families.flatMap { Self.lines($0, state.series[$0] ?? [:]) })
        }
        return (lines + Self.lines(collectors.flatMap { $0() })).joined(separator: "\n") + "\n"
    }

    private static func lines(_ samples: [MetricSample]) -> [String] {
        var order: [MetricFamily] = []
        var series: [MetricFamily: [MetricLabels: Series]] = [:]
        for sample in samples {
            if series[sample.family] == nil { order.append(sample.family) }
            series[sample.family, default: [:]][sample.labels] = Series(sum: sample.value)
        }
        return order.flatMap { lines($0, series[$0] ?? [:]) }
    }

    private static func lines(_ family: MetricFamily, _ series: [MetricLabels: Series]) -> [String] {
        let kind =
            switch family.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        let head = ["# HELP \(family.name) \(family.help)", "# TYPE \(family.name) \(kind)"]
        let sorted = series.sorted { $0.key.text < $1.key.text }
        return head + sorted.flatMap { labels, series in series.lines(family, labels.text) }
    }
}

/// The value of one series: a sum, and for histograms the count per bucket.
private struct Series: Sendable {
    var sum = 0.0
    /// Observations per bound, the last for those above all bounds; empty but for histograms.
    var buckets: [Int] = []

    init(sum: Double) { self.sum = sum }

    init(_ kind: MetricFamily.Kind) {
        if case .histogram(let bounds) = kind { buckets = [Int](repeating: 0, count: bounds.count + 1) }
    }

    mutating func observe(_ value: Double, _ kind: MetricFamily.Kind) {
        guard case .histogram(let bounds) = kind else { return }
        sum += value
        buckets[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
    }

    func lines(_ family: MetricFamily, _ labels: String) -> [String] {
        guard case .histogram(let bounds) = family.kind else {
            return ["\(family.name)\(labels.isEmpty ? "" : "{\(labels)}") \(number(sum))"]
        }
        let prefix = labels.isEmpty ? "" : labels + ","
        var total = 0
        var lines: [String] = []
        for (bound, count) in zip(bounds.map(number) + ["+Inf"], buckets) {
            total += count
            lines.append("\(family.name)_bucket{\(prefix)le=\"\(bound)\"} \(total)")
        }
        let suffix = labels.isEmpty ? "" : "{\(labels)}"
        return lines + ["\(family.name)_sum\(suffix) \(number(sum))", "\(family.name)_count\(suffix) \(total)"]
    }
}

/// A number as Prometheus reads it; whole numbers without a fraction.
private func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
}
