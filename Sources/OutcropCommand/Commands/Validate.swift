import ArgumentParser
import Checkpoint
import JSON

/// `outcrop validate`: every finding about a checkpoint at once, and the repairs that touch no weight.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a checkpoint and list everything that is wrong with it, with remedies.",
        discussion: """
            Reads headers and configuration, not the weights: seconds for any size. Finds what an import here refuses and \
            what Amazon Bedrock's Custom Model Import refuses. Exit code 1 when there is an error.

            Examples:
              outcrop validate ./gpt-oss-20b
              outcrop validate ./my-fine-tune --fix
              outcrop validate ./my-fine-tune --json | jq '.findings[].message'
            """
    )

    @Argument(help: "The checkpoint's folder.")
    var path: String

    @Flag(help: "Repair what can be repaired without touching weights: the index and its metadata.")
    var fix = false

    @Flag(help: "Print the report as JSON.")
    var json = false

    func run() throws {
        if fix {
            let repair = try CheckpointRepair.fix(path: path)
            let style = TerminalStyle.standardError
            for action in repair.actions { writeError(style.green("repaired: ") + action + "\n") }
            for refusal in repair.refusals { writeError(style.yellow("not repaired: ") + refusal + "\n") }
        }
        let report = try CheckpointValidator.validate(path: path)
        writeOutput(json ? report.json.serialized(pretty: true) + "\n" : text(report))
        if report.hasErrors { throw ExitCode.failure }
    }

    private func text(_ report: ValidationReport) -> String {
        let style = TerminalStyle.standardOutput
        var lines = report.findings.map { text($0, style) }
        var summary = [report.layout.map { "layout \($0.rawValue)" } ?? "layout unknown"]
        if let configuration = report.configuration {
            summary.append("\(Quantity.count(configuration.parameterCount)) parameters")
        }
        summary += ["\(report.tensorCount) tensors", Quantity.bytes(report.byteCount)]
        lines.append(style.dim(summary.joined(separator: ", ")))
        lines.append(verdict(report, style))
        return lines.joined(separator: "\n") + "\n"
    }

    private func text(_ finding: Finding, _ style: TerminalStyle) -> String {
        let label =
            switch finding.severity {
            case .error: style.red("error")
            case .warning: style.yellow("warning")
            case .note: style.dim("note")
            }
        let place = [finding.path, finding.byteOffset.map { "byte \($0)" }, finding.tensor].compactMap { $0 }
            .joined(separator: ", ")
        return "\(label) \(finding.code.rawValue): \(finding.message)\n"
            + (place.isEmpty ? "" : "    in \(place)\n") + "    \(finding.remedy)"
    }

    private func verdict(_ report: ValidationReport, _ style: TerminalStyle) -> String {
        if report.blocksImport { return style.red("Not usable: mend the errors above.") }
        if report.hasErrors {
            return style.yellow("Can be imported here; Amazon Bedrock would refuse it for the errors above.")
        }
        return style.green("Ready to import: ") + "outcrop import \(report.path) --name NAME"
    }
}
