import ImportJobs
import Testing

@Suite struct ImportJobStateTests {
    private static let events: [ImportJobEvent] =
        [.started, .completed, .failed, .cancelled, .interrupted, .retried]
        + ImportJobState.allCases.map { .reached($0) }

    @Test(
        "an ended job only comes back by being retried, and a completed one never", arguments: ImportJobState.allCases)
    func ends(_ state: ImportJobState) {
        guard state.isEnded else { return }
        for event in Self.events {
            let isRetry = event == .retried && state != .completed
            #expect((state.after(event) != nil) == isRetry, "\(event)")
        }
    }

    @Test("only a running job completes, reaches phases or is interrupted", arguments: ImportJobState.allCases)
    func work(_ state: ImportJobState) {
        #expect((state.after(.completed) == .completed) == state.isRunning)
        #expect((state.after(.interrupted) == .queued) == state.isRunning)
        for phase in ImportJobState.allCases {
            #expect((state.after(.reached(phase)) == phase) == (state.isRunning && phase.isRunning))
        }
    }

    @Test("a job that has not ended can start, fail and be cancelled", arguments: ImportJobState.allCases)
    func unended(_ state: ImportJobState) {
        #expect((state.after(.started) == .validating) == !state.isEnded)
        #expect((state.after(.failed) == .failed) == !state.isEnded)
        #expect((state.after(.cancelled) == .cancelled) == !state.isEnded)
    }
}
