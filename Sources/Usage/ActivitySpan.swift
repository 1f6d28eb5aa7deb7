/// A time during which a model had work, in milliseconds since 1970; both ends belong to it.
struct ActivitySpan: Sendable, Equatable {
    var start: Int
    var end: Int
}

/// The five-minute windows that a model's work is billed in, as Amazon Bedrock bills imported models.
///
/// The user guide ("Calculate the cost of running a custom model") says: "Billing is charged over 5-minute billing windows from
/// the first successful inference call", and a copy of a model that has no call for five minutes is removed. So: the first call
/// opens a window; the next window follows at its end if there is work in it; after a window without work, which is not billed,
/// the next call opens one of its own. Work is the time from a call's arrival to the end of its answer.
enum BillingWindow {
    /// Five minutes, in milliseconds.
    static let length = 300_000

    /// Adds a span to spans that are apart by a window's length or more, in order, and keeps them so.
    ///
    /// Bridging shorter gaps changes no window: none is so short that it fits in such a gap and would have no work.
    static func insert(_ span: ActivitySpan, into spans: inout [ActivitySpan]) {
        var merged = span
        var place = 0
        spans.removeAll { other in
            if other.end + length <= merged.start {
                place += 1
                return false
            }
            guard other.start < merged.end + length else { return false }
            merged = ActivitySpan(start: min(merged.start, other.start), end: max(merged.end, other.end))
            return true
        }
        spans.insert(merged, at: place)
    }

    /// The starts of the windows that spans, apart and in order as `insert` keeps them, are billed in.
    static func starts(of spans: [ActivitySpan]) -> [Int] {
        var starts: [Int] = []
        var end = Int.min
        for span in spans {
            // In the window right behind the last one the copy is still there: its windows go on.
            var start = end != .min && span.start < end + length ? end : span.start
            while start <= span.end {
                starts.append(start)
                start += length
            }
            if let last = starts.last { end = last + length }
        }
        return starts
    }
}
