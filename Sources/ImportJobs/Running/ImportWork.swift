import ModelImport

/// Does what a job asks for: from its source to a published model with the id that the job has for it.
///
/// It does not know of the queue; the runner records progress and outcome.
public protocol ImportWork: Sendable {
    /// Does a job. Called off the main flow, may block no thread of Swift concurrency's, and ends soon when its task is
    /// cancelled, with nothing left of the model.
    /// - Parameter progress: called often and from any thread, one call at a time.
    /// - Returns: what is worth knowing about the checkpoint, a line each; nil when nothing is.
    /// - Throws: why the model could not be made; `ImportFailure` says it in words for clients.
    func run(
        _ job: ImportJob, progress: @escaping @Sendable (ImportProgress) -> Void
    ) async throws -> String?
}
