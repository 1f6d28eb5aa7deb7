import ImportJobs

/// Import jobs and what does them.
public struct ImportService: Sendable {
    /// The jobs.
    public var queue: ImportJobQueue
    /// Does one.
    public var work: any ImportWork
    /// How many at a time, and how often things are looked at.
    public var settings: ImportJobSettings

    /// Jobs and what does them.
    public init(queue: ImportJobQueue, work: any ImportWork, settings: ImportJobSettings = ImportJobSettings()) {
        self.queue = queue
        self.work = work
        self.settings = settings
    }
}
