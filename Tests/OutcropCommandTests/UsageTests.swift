import ArgumentParser
import Foundation
import JSON
import Testing
import Usage

@testable import OutcropCommand

@Suite struct TimePointTests {
    private let now = Date(timeIntervalSince1970: 1_795_046_400)  // 2026-11-19T00:00:00Z

    @Test(
        "times are read as people write them, in UTC",
        arguments: [
            ("90m", -5400), ("24h", -86400), ("7d", -604_800), ("2w", -1_209_600), ("2026-11-18", -86400),
            ("2026-11-18T23:59:00Z", -60), ("2026-11-19T01:00:00+01:00", 0),
        ])
    func reads(text: String, offset: Double) throws {
        #expect(try #require(TimePoint(argument: text)).date(now: now) == now + offset)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "h", "0h", "-1h", "+1h", "1.5h", "1y", "100001d", "2026-02-30", "2026-13-01", "26-11-01", "yesterday",
            "2026-11-18T25:00:00Z", "2026-11-18T", "2026-11-18x",
        ])
    func refuses(text: String) { #expect(TimePoint(argument: text) == nil) }
}

@Suite struct UsageCommandTests {
    @Test("the command reads its options")
    func options() throws {
        let command = try #require(
            try UsageCommand.parseAsRoot(["--since", "24h", "--by", "model", "--price", "0.0572,1.95", "--csv"])
                as? UsageCommand)
        #expect(command.csv && command.price == UsagePrice(unitMinute: 0.0572, unitMonth: 1.95))
    }

    @Test(
        "options that do not go together are refused",
        arguments: [
            ["--json", "--csv"], ["--by", "key", "--price", "1"], ["--since", "1h", "--until", "2h"], ["--by", "day"],
            ["--price", "-1"],
        ])
    func refuses(arguments: [String]) { #expect(throws: (any Error).self) { try UsageCommand.parse(arguments) } }

    private let start = Date(timeIntervalSince1970: 1_793_491_200)

    private func sheet(_ price: UsagePrice?) -> UsageSheet {
        let rows = [("m1", "med", 4, 12), ("m2", "l,\"aw", 1, 3)].map { id, name, units, windows in
            UsageReport.Row(
                window: nil, model: UsageModel(id: id, name: name, units: units), key: nil,
                counts: UsageCounts(
                    requests: 1000,
                    tokens: UsageTokens(input: 1_234_567, output: 20, cached: 3, reasoning: 4)),
                activeWindows: windows)
        }
        return UsageSheet(
            report: UsageReport(since: start, until: start + 730 * 3600, grouping: .model, rows: rows), price: price,
            stored: [
                StoredModel(id: "m1", name: "med", units: 4, created: start - 86400),
                StoredModel(id: "m3", name: "idle", units: 2, created: start + 365 * 3600),
            ], now: start + 1e7)
    }

    @Test("a table has the models, their windows and a total")
    func table() {
        let lines = sheet(nil).text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(
            lines == [
                [
                    "MODEL", "REQUESTS", "INPUT", "CACHED", "OUTPUT", "REASONING", "WINDOWS", "CMU", "CMU-MINUTES",
                ],
                ["med", "1,000", "1,234,567", "3", "20", "4", "12", "4", "240"],
                ["l,\"aw", "1,000", "1,234,567", "3", "20", "4", "3", "1", "15"],
                ["total", "2,000", "2,469,134", "6", "40", "8", "15", "255"],
            ])
    }

    @Test("with a price there is money, for models that only lie there too")
    func money() throws {
        let sheet = sheet(UsagePrice(unitMinute: 0.0572, unitMonth: 1.95))
        let rows = try #require(sheet.json["rows"]?.arrayValue)
        #expect(rows.map { $0["model_id"]?.stringValue } == ["m1", "m2", "m3"])
        #expect(rows.map { $0["running_cost"]?.doubleValue } == [13.728, 0.858, 0])
        #expect(rows.map { $0["storing_cost"]?.doubleValue } == [7.8, 0, 1.95])
        #expect(sheet.json["price"] == ["custom_model_unit_minute": 0.0572, "custom_model_unit_month": 1.95])
        #expect(sheet.text.split(separator: "\n").last?.hasSuffix("14.59    9.75") == true)
    }

    @Test("comma-separated values are quoted where they must be")
    func csv() {
        let lines = sheet(nil).csv.components(separatedBy: "\r\n")
        #expect(lines.count == 4 && lines[3].isEmpty)
        #expect(lines[0].hasPrefix("model,model_id,requests,input_tokens,"))
        #expect(lines[1] == "med,m1,1000,1234567,3,20,4,12,4,240")
        #expect(lines[2] == "\"l,\"\"aw\",m2,1000,1234567,3,20,4,3,1,15")
    }
}
