import ImportJobs
import JSON
import ModelLibrary

/// Import jobs for people and for programs.
enum JobTable {
    /// One line per job.
    static func text(_ jobs: [ImportJob]) -> String {
        Table(
            header: ["NAME", "MODEL", "STATE", "PROGRESS", "CREATED"],
            rows: jobs.map { [$0.name, $0.modelName, $0.state.rawValue, progress($0), $0.created.description] }
        ).text
    }

    /// Everything about a job, a line each.
    static func details(_ job: ImportJob) -> String {
        let rows: [(String, String?)] = [
            ("name", job.name),
            ("id", job.id),
            ("model", "\(job.modelName) (id \(job.modelID))"),
            ("state", job.state.rawValue + (job.isCancelRequested && !job.state.isEnded ? ", to be cancelled" : "")),
            ("progress", progress(job).isEmpty ? nil : progress(job)),
            ("source", job.source),
            ("role", job.role),
            ("key", job.kmsKey),
            ("subnets", job.network?.subnets.joined(separator: ", ")),
            ("groups", job.network?.securityGroups.joined(separator: ", ")),
            ("created", job.created.description),
            ("changed", job.modified.description),
            ("ended", job.ended?.description),
            ("starts", String(job.starts)),
        ]
        var text = Table(header: nil, rows: rows.compactMap { row in row.1.map { [row.0, $0] } }).text
        // A failure is the findings cut to what the API allows.
        for line in (job.findings ?? job.failure ?? "").split(separator: "\n") { text += "  \(line)\n" }
        return text
    }

    /// How far a job is: empty for one that has not begun or has ended.
    static func progress(_ job: ImportJob) -> String {
        let progress = job.progress
        guard job.state.isRunning, progress.bytesTotal > 0 else { return "" }
        let share = Int(100 * min(1, Double(progress.bytesDone) / Double(progress.bytesTotal)))
        var parts = ["\(share)% of \(Quantity.bytes(progress.bytesTotal))"]
        if let rate = progress.bytesPerSecond { parts.append(Quantity.bytes(Int(rate)) + "/s") }
        if let left = progress.secondsRemaining, progress.bytesDone < progress.bytesTotal {
            parts.append("ETA " + Quantity.time(left))
        }
        return parts.joined(separator: "  ")
    }
}

extension ImportJob {
    /// The job for programs: times in ISO 8601, sizes in bytes.
    var json: JSONValue {
        let text = { (text: String?) in text.map(JSONValue.string) ?? .null }
        let whole = { (number: Int) in JSONValue.number(JSONNumber(number)) }
        return .object(
            JSONObject([
                ("name", .string(name)),
                ("id", .string(id)),
                ("model", .string(modelName)),
                ("model_id", .string(modelID)),
                ("state", .string(state.rawValue)),
                ("source", .string(source)),
                ("role", .string(role)),
                ("bytes_done", whole(progress.bytesDone)),
                ("bytes_total", whole(progress.bytesTotal)),
                ("bytes_per_second", progress.bytesPerSecond.map { .number(JSONNumber($0)) } ?? .null),
                ("seconds_remaining", progress.secondsRemaining.map { .number(JSONNumber($0)) } ?? .null),
                ("created", .string(created.description)),
                ("modified", .string(modified.description)),
                ("ended", text(ended?.description)),
                ("starts", whole(starts)),
                ("failure", text(failure)),
                ("findings", .array((findings ?? "").split(separator: "\n").map { .string(String($0)) })),
            ]))
    }
}
