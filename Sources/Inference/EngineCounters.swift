import Generation
import Synchronization

/// The engine's figures, written by its thread and read by anyone.
final class EngineCounters: Sendable {
    /// The most tokens of a sequence.
    let contextLength: Int
    private let state = Mutex(
        GeneratorLoad(running: 0, waiting: 0, pageUsage: 0, promptTokens: 0, generatedTokens: 0))

    init(contextLength: Int) { self.contextLength = contextLength }

    func addPrompt(_ tokens: Int) { state.withLock { $0.promptTokens += tokens } }
    func addGenerated(_ tokens: Int) { state.withLock { $0.generatedTokens += tokens } }
    func addDrafted(_ tokens: Int) { state.withLock { $0.draftedTokens += tokens } }
    func addAccepted(_ tokens: Int) { state.withLock { $0.acceptedTokens += tokens } }
    func publish(_ scheduler: borrowing Scheduler) {
        let (running, waiting) = (scheduler.running.count, scheduler.waiting.count)
        let (pageUsage, prefixes, preemptions) = (scheduler.pageUsage, scheduler.prefixCounts, scheduler.preemptions)
        state.withLock {
            $0.running = running
            $0.waiting = waiting
            $0.pageUsage = pageUsage
            $0.prefixQueries = prefixes.queries
            $0.prefixHits = prefixes.hits
            $0.preemptions = preemptions
        }
    }
    var load: GeneratorLoad { state.withLock { $0 } }
}
