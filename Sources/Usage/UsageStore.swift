import Foundation
import GRDB

/// Reads a data folder's usage records, also while a server writes them. Blocks; for the command line.
public struct UsageStore: Sendable {
    private let pool: DatabasePool

    /// Opens a data folder's records; there are none at first.
    /// - Throws: `FileError` or `DatabaseError` when the file cannot be opened.
    public init(dataFolder: String) throws { pool = try UsageFile.open(dataFolder: dataFolder) }

    /// What was used from a time up to another, widened to whole five minutes.
    /// - Throws: `DatabaseError`.
    public func report(since: Date, until: Date, by grouping: UsageReport.Grouping) throws -> UsageReport {
        let start = UsageBatch.window(of: since.milliseconds)
        let end = UsageBatch.window(of: until.milliseconds + BillingWindow.length - 1)
        return try pool.read { database in
            // Both queries see one state of the file.
            let windows = grouping == .model ? try activeWindows(database, start..<max(start, end)) : nil
            let rows = try Row.fetchAll(database, sql: Self.query(grouping), arguments: [start, end]).map { row in
                Self.row(row, grouping, windows)
            }
            return UsageReport(
                since: Date(milliseconds: start), until: Date(milliseconds: end), grouping: grouping,
                rows: rows + Self.quietRows(windows, besides: rows))
        }
    }

    private static func query(_ grouping: UsageReport.Grouping) -> String {
        let (columns, order) =
            switch grouping {
            case .model: ("model.id", "requests DESC, model.id")
            case .key: ("key.id", "requests DESC, key.id")
            case .window: ("window, model.id, key.id", "window, model.id, key.id")
            }
        return """
            SELECT window, model.id AS modelID, model.name AS modelName, model.units AS units, key.id AS keyID,
                key.name AS keyName, SUM(requests) AS requests, SUM(input) AS input, SUM(output) AS output,
                SUM(cached) AS cached, SUM(reasoning) AS reasoning
            FROM usage JOIN model ON model.id = usage.model JOIN key ON key.id = usage.key
            WHERE window >= ? AND window < ? GROUP BY \(columns) ORDER BY \(order)
            """
    }

    private static func row(
        _ row: Row, _ grouping: UsageReport.Grouping, _ windows: [UsageModel: Int]?
    ) -> UsageReport.Row {
        let model = UsageModel(id: row["modelID"], name: row["modelName"], units: row["units"])
        return UsageReport.Row(
            window: grouping == .window ? Date(milliseconds: row["window"]) : nil,
            model: grouping == .key ? nil : model,
            key: grouping == .model ? nil : UsageKey(id: row["keyID"], name: row["keyName"]),
            counts: UsageCounts(
                requests: row["requests"],
                tokens: UsageTokens(
                    input: row["input"], output: row["output"], cached: row["cached"], reasoning: row["reasoning"])),
            activeWindows: windows.map { $0[model] ?? 0 })
    }

    /// Models whose request ended after the period but had its windows in it.
    private static func quietRows(_ windows: [UsageModel: Int]?, besides rows: [UsageReport.Row]) -> [UsageReport.Row] {
        let counted = Set(rows.compactMap(\.model))
        let quiet = (windows ?? [:]).filter { !counted.contains($0.key) && $0.value > 0 }
        return quiet.sorted { $0.key.id < $1.key.id }.map { model, count in
            UsageReport.Row(window: nil, model: model, key: nil, counts: .zero, activeWindows: count)
        }
    }

    /// How many billed windows of each model opened in a period. A window's start depends on those before it, so all are looked at.
    private func activeWindows(_ database: Database, _ period: Range<Int>) throws -> [UsageModel: Int] {
        let sql = """
            SELECT id, name, units, start, end FROM activity JOIN model ON model.id = activity.model
            WHERE start < ? ORDER BY model.id, start
            """
        var spans: [UsageModel: [ActivitySpan]] = [:]
        for row in try Row.fetchAll(database, sql: sql, arguments: [period.upperBound]) {
            let model = UsageModel(id: row["id"], name: row["name"], units: row["units"])
            spans[model, default: []].append(ActivitySpan(start: row["start"], end: row["end"]))
        }
        return spans.mapValues { BillingWindow.starts(of: $0).count { period.contains($0) } }
    }
}
