import ArgumentParser
import ImportJobs
import JSON
import ModelLibrary

/// `outcrop jobs`: the import jobs of a server, seen and steered from the command line.
struct Jobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "See and steer import jobs.",
        discussion: """
            Jobs are asked for with `aws bedrock create-model-import-job` and done by `outcrop serve`, one after the other.

            Examples:
              outcrop jobs
              outcrop jobs --watch
              outcrop jobs show med-import
              outcrop jobs retry med-import

            """ + EnvironmentVariable.help([.data]),
        subcommands: [List.self, Show.self, Cancel.self, Retry.self],
        defaultSubcommand: List.self
    )
}

extension Jobs {
    /// `outcrop jobs list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the jobs, the newest first; the default.",
            discussion:
                "With --json and --watch, a job is printed on a line of its own whenever something about it changes.")

        @Flag(help: "Go on showing how the jobs get on, until all have ended.")
        var watch = false

        @Flag(help: "Print the jobs as JSON.")
        var json = false

        @OptionGroup var libraryArguments: LibraryArguments

        func run() async throws {
            let queue = try libraryArguments.jobs()
            if watch { return try await JobWatcher(queue: queue, isJSON: json).run() }
            let jobs = try await queue.jobs().elements
            if json {
                writeOutput(JSONValue.array(jobs.map(\.json)).serialized(pretty: true) + "\n")
            } else if jobs.isEmpty {
                writeError("There are no import jobs: aws bedrock create-model-import-job makes one\n")
            } else {
                writeOutput(JobTable.text(jobs))
            }
        }
    }

    /// `outcrop jobs show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show everything known about a job.")

        @OptionGroup var job: JobArguments

        @Flag(help: "Print it as JSON.")
        var json = false

        func run() async throws {
            let queue = try job.libraryArguments.jobs()
            guard let job = try await queue.job(job.name) else { throw ImportJobError.unknownJob(job.name) }
            writeOutput(json ? job.json.serialized(pretty: true) + "\n" : JobTable.details(job))
        }
    }

    /// `outcrop jobs cancel`.
    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a job that waits or runs.", discussion: "Nothing of its model is left.")

        @OptionGroup var job: JobArguments

        func run() async throws {
            let ended = try await job.libraryArguments.jobs().cancel(job.name)
            writeError(ended.state.isEnded ? "cancelled \(ended.name)\n" : "\(ended.name) ends at its next step\n")
        }
    }

    /// `outcrop jobs retry`.
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Queue a job again that failed or was cancelled.")

        @OptionGroup var job: JobArguments

        func run() async throws {
            let queued = try await job.libraryArguments.jobs().retry(job.name)
            writeError("\(queued.name) is queued again\n")
        }
    }
}

/// Which job a command means.
struct JobArguments: ParsableArguments {
    @Argument(help: "The job's name or id.")
    var name: String

    @OptionGroup var libraryArguments: LibraryArguments
}

extension LibraryArguments {
    /// The jobs of the data folder. Blocks the calling thread for a moment.
    /// - Throws: why its records cannot be opened.
    func jobs() throws -> ImportJobQueue { ImportJobQueue(try LibraryRecords(library)) }
}
