import Foundation
import GRDB
import OutcropNumerics
import TestSupport
import Testing

@testable import Usage

@Suite struct UsageRecorderTests {
    private let folder: TemporaryFolder
    private let midnight = Date(timeIntervalSince1970: 1_795_046_400)
    private let models = [UsageModel(id: "m1", name: "med", units: 4), UsageModel(id: "m2", name: "law", units: 1)]
    private let keys = [UsageKey(id: "k1", name: "ci"), UsageKey(id: "k2", name: "app")]

    init() throws { folder = try TemporaryFolder() }

    private func recorder(_ interval: DispatchTimeInterval = .seconds(600)) throws -> UsageRecorder {
        try UsageRecorder(dataFolder: folder.path, interval: interval) { Issue.record("\($0)") }
    }

    private func report(
        _ grouping: UsageReport.Grouping, from start: Double = 0, to end: Double = 86400
    ) throws -> UsageReport {
        try UsageStore(dataFolder: folder.path).report(
            since: midnight + start, until: midnight + end, by: grouping)
    }

    @Test("reports agree with a naive sum over random requests, however they were batched")
    func sums() async throws {
        var random = SeededGenerator(seed: 7)
        var calls: [(model: UsageModel, key: UsageKey, tokens: UsageTokens, time: Double)] = []
        let recorders = [try recorder(), try recorder(.milliseconds(1))]
        for number in 0..<600 {
            let call = (
                model: models[Int.random(in: 0...1, using: &random)], key: keys[Int.random(in: 0...1, using: &random)],
                tokens: UsageTokens(
                    input: Int.random(in: 0...100, using: &random), output: Int.random(in: 0...100, using: &random),
                    cached: Int.random(in: 0...9, using: &random), reasoning: Int.random(in: 0...9, using: &random)),
                time: Double(Int.random(in: 0..<86400, using: &random))
            )
            calls.append(call)
            recorders[number % 2].record(
                model: call.model, key: call.key, tokens: call.tokens, at: midnight + call.time)
            if number % 150 == 0 { await recorders[number % 2].flush() }
        }
        for recorder in recorders { await recorder.flush() }
        func sum(_ isIncluded: (UsageModel, UsageKey, Double) -> Bool) -> UsageCounts {
            calls.filter { isIncluded($0.model, $0.key, $0.time) }.reduce(.zero) {
                $0 + UsageCounts(requests: 1, tokens: $1.tokens)
            }
        }
        let byModel = try report(.model)
        #expect(Set(byModel.rows.compactMap(\.model)) == Set(models))
        for row in byModel.rows { #expect(row.counts == sum { model, _, _ in model == row.model }) }
        for row in try report(.key).rows { #expect(row.counts == sum { _, key, _ in key == row.key }) }
        let part = try report(.window, from: 3600, to: 7199)
        #expect(part.until == midnight + 7200)
        #expect(part.total == sum { _, _, time in (3600..<7200).contains(time) })
        for row in part.rows {
            let start = try #require(row.window).timeIntervalSince(midnight)
            let expected = sum { model, key, time in
                model == row.model && key == row.key && (start..<start + 300).contains(time)
            }
            #expect(row.counts == expected)
        }
        for model in models {
            var spans: [ActivitySpan] = []
            for call in calls where call.model == model {
                let time = (midnight + call.time).milliseconds
                BillingWindow.insert(ActivitySpan(start: time, end: time), into: &spans)
            }
            let row = try #require(byModel.rows.first { $0.model == model })
            #expect(row.activeWindows == BillingWindow.starts(of: spans).count)
            #expect(row.unitMinutes == BillingWindow.starts(of: spans).count * 5 * model.units)
        }
    }

    @Test("what is recorded is written by itself after the interval")
    func interval() async throws {
        let recorder = try recorder(.milliseconds(20))
        recorder.record(model: models[0], key: keys[0], tokens: UsageTokens(input: 3, output: 2), at: midnight + 1)
        let deadline = ContinuousClock.now + .seconds(20)
        while try report(.model).rows.isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try report(.model).total.tokens == UsageTokens(input: 3, output: 2))
    }

    @Test("a long answer is billed for every window that it ran in, and counted when it ended")
    func longAnswer() async throws {
        let recorder = try recorder()
        recorder.record(
            model: models[0], key: keys[0], tokens: UsageTokens(input: 1, output: 1), at: midnight + 1200,
            lasting: .seconds(1200))
        await recorder.flush()
        #expect(try report(.model).rows.map(\.activeWindows) == [5])
        let first = try report(.model, to: 600)
        #expect(first.total == .zero)
        #expect(first.rows.map(\.activeWindows) == [2])
    }

    @Test("a model that is renamed keeps its row, and another of its name has its own")
    func names() async throws {
        let recorder = try recorder()
        let tokens = UsageTokens(input: 1, output: 1)
        recorder.record(model: models[0], key: keys[0], tokens: tokens, at: midnight)
        await recorder.flush()
        let renamed = UsageModel(id: "m1", name: "old-med", units: 4)
        let successor = UsageModel(id: "m3", name: "med", units: 2)
        for model in [renamed, successor] { recorder.record(model: model, key: keys[0], tokens: tokens, at: midnight) }
        await recorder.flush()
        #expect(try report(.model).rows.map(\.model) == [renamed, successor])
        #expect(try report(.model).rows.map(\.counts.requests) == [2, 1])
    }

    @Test("a write that fails is told and made up for")
    func failure() async throws {
        let failures = Counter()
        // Written when the test says so, and not by itself in between.
        let recorder = try UsageRecorder(dataFolder: folder.path, interval: .seconds(3600)) { _ in failures.add() }
        let blocker = try UsageFile.open(dataFolder: folder.path)
        try await blocker.write { try $0.execute(sql: "ALTER TABLE usage RENAME TO elsewhere") }
        recorder.record(model: models[0], key: keys[0], tokens: UsageTokens(input: 1, output: 1), at: midnight)
        await recorder.flush()
        #expect(failures.value == 1)
        try await blocker.write { try $0.execute(sql: "ALTER TABLE elsewhere RENAME TO usage") }
        recorder.record(model: models[0], key: keys[0], tokens: UsageTokens(input: 1, output: 1), at: midnight + 1)
        await recorder.flush()
        #expect(try report(.model).total.requests == 2)
        #expect(try report(.model).rows.map(\.activeWindows) == [1])
    }

    @Test("only the owner may read the records")
    func permissions() throws {
        _ = try recorder()
        #expect(FileSystem.permissions(of: folder.join("usage.sqlite")) == 0o600)
    }
}

@Suite struct UsagePriceTests {
    @Test(
        "prices are read as people write them",
        arguments: [("0.0572", 0.0572, nil), ("0.0572,1.95", 0.0572, 1.95), ("0", 0, nil), ("2,0", 2, 0)]
            as [(String, Double, Double?)])
    func reads(text: String, minute: Double, month: Double?) {
        #expect(UsagePrice(text) == UsagePrice(unitMinute: minute, unitMonth: month))
        #expect(UsagePrice(text)?.unitMinute == minute)
    }

    @Test(
        "what is no price is refused",
        arguments: ["", "x", "-1", "1,", ",1", "1,2,3", "nan", "inf", "1e400", "0x1", " 1"])
    func refuses(text: String) { #expect(UsagePrice(text) == nil) }

    @Test("a sample's figures come out: four units are 0.23 dollars a minute and 7.80 a month")
    func sample() throws {
        let price = try #require(UsagePrice("0.0572,1.95"))
        #expect(abs(price.running(unitMinutes: 4) - 0.2288) < 1e-9)
        #expect(try abs(#require(price.storing(units: 4, hours: 730)) - 7.8) < 1e-9)
    }
}
