import ArgumentParser
import Foundation
import JSON
import ModelLibrary
import Usage

extension UsageReport.Grouping: ExpressibleByArgument {}

/// `outcrop usage`: tokens and money per model, key or five minutes.
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show what was used, and what it would cost.",
        discussion: """
            Counts the server's answered requests and their tokens. Per model it also counts the windows of five minutes that \
            Amazon Bedrock would bill: the first call opens one, the next follows while there are calls in it. Custom-model units \
            (CMU) are one for every 16 GB of a model's weights begun. With a price, which is yours to set:

              RUNNING = CMU x 5 minutes x windows x price of a CMU's minute
              STORING = CMU x hours / 730 x price of a CMU's month

            Only models that are still there are reckoned as stored. A sample of Amazon's from January 2026 reckons with \
            0.0572,1.95 in US dollars; its price list has the figures that count.

            A running server writes its counts every two seconds.

            Examples:
              outcrop usage --since 24h
              outcrop usage --since 2026-11-01 --until 2026-12-01 --price 0.0572,1.95
              outcrop usage --by key --since 7d --csv > usage.csv
              outcrop usage --json | jq '.rows[] | {model, output_tokens}'

            """ + EnvironmentVariable.help([.data, .price])
    )

    @Option(
        help: ArgumentHelp(
            "From then on: 90m, 24h, 7d or 2w ago, or a day or time in UTC as 2026-11-01 or 2026-11-01T08:30:00Z.",
            valueName: "time"))
    var since = TimePoint(daysAgo: 30)

    @Option(help: ArgumentHelp("Up to then, written alike (default: now).", valueName: "time"))
    var until: TimePoint?

    @Option(help: ArgumentHelp("A row for each of these: model, key or window.", valueName: "what"))
    var by = UsageReport.Grouping.model

    @Option(
        help: ArgumentHelp(
            "Price of a custom-model unit for a minute and, behind a comma, for a month (default: OUTCROP_PRICE).",
            valueName: "price"))
    var price: UsagePrice?

    @Flag(help: "Print the report as JSON.")
    var json = false

    @Flag(help: "Print the report as comma-separated values.")
    var csv = false

    @OptionGroup var libraryArguments: LibraryArguments

    func validate() throws {
        if json, csv { throw ValidationError("--json and --csv exclude each other") }
        if price != nil, by != .model {
            throw ValidationError("--price goes with --by model: what costs is a model's copy, which serves all keys")
        }
        let now = Date.now
        if let until, until.date(now: now) <= since.date(now: now) {
            throw ValidationError("--until must be later than --since")
        }
    }

    func run() throws {
        let library = libraryArguments.library
        let now = Date.now
        let report = try UsageStore(dataFolder: library.dataFolder)
            .report(since: since.date(now: now), until: until?.date(now: now) ?? now, by: by)
        let sheet = UsageSheet(
            report: report, price: try configuredPrice(), stored: library.models().compactMap(StoredModel.init),
            now: now)
        if json {
            writeOutput(sheet.json.serialized(pretty: true) + "\n")
        } else if csv {
            writeOutput(sheet.csv)
        } else if sheet.rows.isEmpty {
            writeError("Nothing was used since \(report.since.formatted(.iso8601)).\n")
        } else {
            writeOutput(sheet.text)
            writeOutput(TerminalStyle.standardOutput.dim(sheet.footer) + "\n")
        }
    }

    private func configuredPrice() throws -> UsagePrice? {
        if by != .model { return nil }
        guard price == nil, let text = EnvironmentVariable.price.value else { return price }
        guard let price = UsagePrice(text) else {
            throw CommandFailure("OUTCROP_PRICE is '\(text)'; write a price, or two as 0.0572,1.95")
        }
        return price
    }
}

extension UsagePrice: ExpressibleByArgument {
    /// A price from the command line.
    public init?(argument: String) { self.init(argument) }
}

extension StoredModel {
    /// A model of the library; nil when its manifest has no time.
    init?(_ record: ModelRecord) {
        guard let milliseconds = Timestamp(record.manifest.created)?.milliseconds else { return nil }
        self.init(
            id: record.manifest.id, name: record.name,
            units: CustomModelUnits.perCopy(artifactByteCount: record.manifest.artifactByteCount),
            created: Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }
}
