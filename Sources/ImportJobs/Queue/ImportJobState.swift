/// How far an import job is.
public enum ImportJobState: String, Sendable, CaseIterable {
    /// It waits for its turn.
    case queued
    /// The checkpoint's headers and configuration are checked.
    case validating
    /// Weights are read, converted and written.
    case converting
    /// The model gets its name.
    case publishing
    /// The model is there.
    case completed
    /// There is no model, and a message says why.
    case failed
    /// Somebody ended it.
    case cancelled

    /// Whether nothing happens to the job any more unless it is retried.
    public var isEnded: Bool { [.completed, .failed, .cancelled].contains(self) }

    /// Whether somebody works on the job, or died doing so.
    public var isRunning: Bool { [.validating, .converting, .publishing].contains(self) }

    /// The state after an event; nil when the event cannot happen in this one.
    public func after(_ event: ImportJobEvent) -> ImportJobState? {
        switch event {
        case .started:
            // A job that seems to run is started again when its process has died.
            self == .queued || isRunning ? .validating : nil
        case .reached(let phase): isRunning && phase.isRunning ? phase : nil
        case .completed: isRunning ? .completed : nil
        case .failed: isEnded ? nil : .failed
        case .cancelled: isEnded ? nil : .cancelled
        case .interrupted: isRunning ? .queued : nil
        case .retried: self == .failed || self == .cancelled ? .queued : nil
        }
    }
}

/// What happens to an import job.
public enum ImportJobEvent: Sendable, Equatable {
    /// A process takes it on.
    case started
    /// Its work has come to a phase: one of the running states.
    case reached(ImportJobState)
    /// The model is published.
    case completed
    /// It cannot be done.
    case failed
    /// Somebody ended it.
    case cancelled
    /// The process that worked on it stops in good order; the job is for the next one.
    case interrupted
    /// Somebody wants it tried again.
    case retried
}
