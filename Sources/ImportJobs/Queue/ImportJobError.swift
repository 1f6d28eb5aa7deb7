/// Why something cannot be done with import jobs.
public enum ImportJobError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is or was a job of that name.
    case nameTaken(String)
    /// There is a model of that name.
    case modelNameTaken(String)
    /// A job that has not ended will make a model of that name.
    case modelNameHeld(String, job: String)
    /// As many jobs wait as may.
    case queueFull(limit: Int)
    /// There is no such job.
    case unknownJob(String)
    /// The job is not in a state in which this can be done to it.
    case wrongState(job: String, state: ImportJobState, operation: String)
    /// The records were written by a newer program.
    case unknownState(String)

    /// The reason, and what to do.
    public var description: String {
        switch self {
        case .nameTaken(let name):
            "There is an import job '\(name)' already; names of jobs are never used again. Choose another jobName."
        case .modelNameTaken(let name):
            "There is a model '\(name)' already. Choose another importedModelName, or delete that model first."
        case .modelNameHeld(let name, let job):
            "The import job '\(job)' is in progress and will make a model '\(name)'. Choose another importedModelName, or "
                + "wait for that job to end."
        case .queueFull(let limit):
            "There are \(limit) import jobs in progress, the most that this server takes. Wait for some to end."
        case .unknownJob(let name): "There is no import job '\(name)'."
        case .wrongState(let job, let state, let operation):
            "The import job '\(job)' is \(state.rawValue) and cannot be \(operation)."
        case .unknownState(let state):
            "The records hold an import job in the state '\(state)', which this version does not know: use the newer one that "
                + "wrote them."
        }
    }
}
