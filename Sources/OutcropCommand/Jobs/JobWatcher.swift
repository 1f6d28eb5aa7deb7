import ImportJobs
import JSON
import ModelLibrary

/// Shows how import jobs get on until all have ended: as a table that is drawn anew on a terminal, as a line for every change
/// elsewhere.
struct JobWatcher {
    let queue: ImportJobQueue
    let isJSON: Bool

    /// Returns when no job is left that has not ended.
    func run() async throws {
        let style = TerminalStyle.standardOutput
        var shown: [String: ImportJob] = [:]
        var height = 0
        while true {
            // Before the first round only the jobs in progress are news.
            let jobs = try await queue.jobs().elements.filter { !$0.state.isEnded || shown[$0.id] != nil }
            if style.isTerminal && !isJSON {
                let table = JobTable.text(jobs)
                // Back over what was drawn before, and away with it.
                writeOutput((height > 0 ? "\u{1B}[\(height)A\u{1B}[J" : "") + table)
                height = table.count { $0 == "\n" }
            } else {
                for job in jobs.reversed() where shown[job.id] != job { writeOutput(line(job)) }
            }
            for job in jobs { shown[job.id] = job }
            if jobs.allSatisfy(\.state.isEnded) { return }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func line(_ job: ImportJob) -> String {
        if isJSON { return job.json.serialized() + "\n" }
        let parts = [job.name, job.state.rawValue, JobTable.progress(job), job.state == .failed ? job.failure : nil]
        return parts.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "  ") + "\n"
    }
}
