import Foundation

/// What was used in a period, in one row per model, key or five-minute window.
public struct UsageReport: Sendable, Equatable {
    /// What the rows are about.
    public enum Grouping: String, Sendable, CaseIterable {
        /// A row per model.
        case model
        /// A row per key.
        case key
        /// A row per five minutes, model and key.
        case window
    }

    /// Requests and tokens of one model, one key, or both in five minutes.
    public struct Row: Sendable, Equatable {
        /// The start of the five minutes; nil unless rows are about windows.
        public let window: Date?
        /// The model; nil in rows about keys.
        public let model: UsageModel?
        /// The key; nil in rows about models.
        public let key: UsageKey?
        /// Requests and tokens.
        public let counts: UsageCounts
        /// How many billed windows of five minutes opened in the period; only in rows about models, as a model's copy serves all
        /// keys.
        public let activeWindows: Int?

        /// A row.
        public init(window: Date?, model: UsageModel?, key: UsageKey?, counts: UsageCounts, activeWindows: Int?) {
            self.window = window
            self.model = model
            self.key = key
            self.counts = counts
            self.activeWindows = activeWindows
        }

        /// Custom-model units times minutes: units a copy × windows × 5.
        public var unitMinutes: Int? {
            guard let model, let activeWindows else { return nil }
            return model.units * activeWindows * 5
        }
    }

    /// The start of the period, down to five minutes.
    public let since: Date
    /// The end of the period, up to five minutes; not in it any more.
    public let until: Date
    /// What the rows are about.
    public let grouping: Grouping
    /// In the order of the windows, else most requests first.
    public let rows: [Row]

    /// A report.
    public init(since: Date, until: Date, grouping: Grouping, rows: [Row]) {
        self.since = since
        self.until = until
        self.grouping = grouping
        self.rows = rows
    }

    /// All rows together.
    public var total: UsageCounts { rows.reduce(.zero) { $0 + $1.counts } }
}
