import Foundation

/// What was recorded and is not yet in the file, added up.
struct UsageBatch: Sendable, Equatable {
    /// Where a request is counted.
    struct Place: Sendable, Hashable {
        /// A multiple of five minutes, in milliseconds since 1970.
        let window: Int
        let model: String
        let key: String
    }

    private(set) var models: [String: UsageModel] = [:]
    private(set) var keys: [String: UsageKey] = [:]
    private(set) var counts: [Place: UsageCounts] = [:]
    /// When the models had work; apart and in order.
    private(set) var spans: [String: [ActivitySpan]] = [:]

    var isEmpty: Bool { counts.isEmpty }

    /// Adds a request whose answer ended at a time, in milliseconds since 1970.
    mutating func add(model: UsageModel, key: UsageKey, tokens: UsageTokens, span: ActivitySpan) {
        models[model.id] = model
        keys[key.id] = key
        let place = Place(window: Self.window(of: span.end), model: model.id, key: key.id)
        counts[place, default: .zero] = counts[place, default: .zero] + UsageCounts(requests: 1, tokens: tokens)
        BillingWindow.insert(span, into: &spans[model.id, default: []])
    }

    /// Adds an older batch; names of this one are newer.
    mutating func add(older: UsageBatch) {
        models.merge(older.models) { mine, _ in mine }
        keys.merge(older.keys) { mine, _ in mine }
        counts.merge(older.counts) { $0 + $1 }
        for (model, spans) in older.spans {
            for span in spans { BillingWindow.insert(span, into: &self.spans[model, default: []]) }
        }
    }

    /// The start of the five minutes that a time is in.
    static func window(of milliseconds: Int) -> Int {
        let rest = milliseconds % BillingWindow.length
        return milliseconds - (rest < 0 ? rest + BillingWindow.length : rest)
    }
}
