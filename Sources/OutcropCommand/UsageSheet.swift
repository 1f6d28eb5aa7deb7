import Foundation
import JSON
import Usage

/// A model that takes room: since when, and how many custom-model units.
struct StoredModel: Equatable {
    let id: String
    let name: String
    let units: Int
    let created: Date
}

/// A usage report with its prices, as a table, as JSON and as comma-separated values.
struct UsageSheet {
    /// A value of the sheet.
    private enum Cell {
        case text(String)
        case count(Int)
        /// A count of which sums mean nothing.
        case measure(Int)
        case money(Double)
    }

    /// A column: its title for people, empty if they need not see it; its name for programs; and a row's value in it.
    private struct Column {
        let title: String
        let name: String
        let value: (UsageReport.Row) -> Cell
    }

    let report: UsageReport
    let price: UsagePrice?
    let stored: [StoredModel]
    let now: Date

    /// The report's rows, and one for each model that costs money though nobody used it.
    var rows: [UsageReport.Row] {
        guard report.grouping == .model, price?.unitMonth != nil else { return report.rows }
        let idle = stored.filter { model in
            model.created < report.until
                && !report.rows.contains { $0.model?.id.utf8.elementsEqual(model.id.utf8) ?? false }
        }
        return report.rows
            + idle.map { model in
                UsageReport.Row(
                    window: nil, model: UsageModel(id: model.id, name: model.name, units: model.units), key: nil,
                    counts: .zero, activeWindows: 0)
            }
    }

    /// The report for people.
    var text: String {
        let columns = columns.filter { !$0.title.isEmpty }
        let rows = rows
        let cells = rows.map { row in columns.map { shown($0.value(row)) } }
        return Table(header: columns.map(\.title), rows: cells + (rows.count > 1 ? [totals(rows, columns)] : [])).text
    }

    /// Which time the table is about.
    var footer: String {
        "\(report.since.formatted(.iso8601)) to \(report.until.formatted(.iso8601)); requests count when their answer ends"
    }

    /// The report for programs.
    var json: JSONValue {
        let rows = rows.map { row in
            JSONValue.object(JSONObject(columns.map { ($0.name, value($0.value(row))) }))
        }
        var object = JSONObject([
            ("since", .string(report.since.formatted(.iso8601))), ("until", .string(report.until.formatted(.iso8601))),
            ("by", .string(report.grouping.rawValue)), ("rows", .array(rows)),
        ])
        if let price {
            object["price"] = [
                "custom_model_unit_minute": JSONValue(price.unitMinute),
                "custom_model_unit_month": price.unitMonth.map { JSONValue($0) } ?? .null,
            ]
        }
        return .object(object)
    }

    /// The report for spreadsheets, as RFC 4180 has it.
    var csv: String {
        let lines = [columns.map(\.name)] + rows.map { row in columns.map { field($0.value(row)) } }
        return lines.map { $0.joined(separator: ",") + "\r\n" }.joined()
    }
}

extension UsageSheet {
    private var columns: [Column] {
        switch report.grouping {
        case .model: model + counts + units + money
        case .key: key + counts
        case .window:
            [Column(title: "FROM", name: "window") { .text($0.window?.formatted(.iso8601) ?? "") }] + model + key
                + counts
        }
    }

    private var model: [Column] {
        [
            Column(title: "MODEL", name: "model") { .text($0.model?.name ?? "") },
            Column(title: "", name: "model_id") { .text($0.model?.id ?? "") },
        ]
    }

    private var key: [Column] {
        [
            Column(title: "KEY", name: "key") { .text($0.key?.name ?? "") },
            Column(title: "", name: "key_id") { .text($0.key?.id ?? "") },
        ]
    }

    private var counts: [Column] {
        [
            Column(title: "REQUESTS", name: "requests") { .count($0.counts.requests) },
            Column(title: "INPUT", name: "input_tokens") { .count($0.counts.tokens.input) },
            Column(title: "CACHED", name: "cached_tokens") { .count($0.counts.tokens.cached) },
            Column(title: "OUTPUT", name: "output_tokens") { .count($0.counts.tokens.output) },
            Column(title: "REASONING", name: "reasoning_tokens") { .count($0.counts.tokens.reasoning) },
        ]
    }

    private var units: [Column] {
        [
            Column(title: "WINDOWS", name: "active_windows") { .count($0.activeWindows ?? 0) },
            Column(title: "CMU", name: "custom_model_units") { .measure($0.model?.units ?? 0) },
            Column(title: "CMU-MINUTES", name: "custom_model_unit_minutes") { .count($0.unitMinutes ?? 0) },
        ]
    }

    private var money: [Column] {
        guard let price else { return [] }
        let running = Column(title: "RUNNING", name: "running_cost") {
            .money(price.running(unitMinutes: $0.unitMinutes ?? 0))
        }
        guard price.unitMonth != nil else { return [running] }
        return [running, Column(title: "STORING", name: "storing_cost") { .money(storing($0, price)) }]
    }

    /// The price of keeping a model from its import, or the period's start, to now, or the period's end.
    private func storing(_ row: UsageReport.Row, _ price: UsagePrice) -> Double {
        guard let kept = stored.first(where: { row.model?.id.utf8.elementsEqual($0.id.utf8) ?? false }) else {
            return 0
        }
        let seconds = min(report.until, now).timeIntervalSince(max(report.since, kept.created))
        return price.storing(units: kept.units, hours: max(0, seconds) / 3600) ?? 0
    }

    private func totals(_ rows: [UsageReport.Row], _ columns: [Column]) -> [String] {
        columns.enumerated().map { index, column in
            var total = index == 0 ? Cell.text("total") : .text("")
            for row in rows {
                switch (column.value(row), total) {
                case (.count(let more), .count(let sum)): total = .count(sum + more)
                case (.count(let first), _): total = .count(first)
                case (.money(let more), .money(let sum)): total = .money(sum + more)
                case (.money(let first), _): total = .money(first)
                case (.text, _), (.measure, _): break
                }
            }
            return shown(total)
        }
    }

    private func shown(_ cell: Cell) -> String {
        switch cell {
        case .text(let text): text
        case .count(let count), .measure(let count): Quantity.count(count)
        case .money(let money): String(format: "%.2f", money)
        }
    }

    private func value(_ cell: Cell) -> JSONValue {
        switch cell {
        case .text(let text): .string(text)
        case .count(let count), .measure(let count): JSONValue(count)
        // To a millionth, so that products of decimal fractions print as people expect.
        case .money(let money): JSONValue((money * 1e6).rounded() / 1e6)
        }
    }

    private func field(_ cell: Cell) -> String {
        guard case .text(let text) = cell else { return value(cell).serialized() }
        guard text.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
