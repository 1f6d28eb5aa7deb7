import Generation
import OutcropNumerics

/// What the engine's thread does: schedule, run, postprocess, until the mailbox closes.
///
/// Lives on one thread; everything it shares with others goes through the mailbox and the counters.
final class EngineLoop {
    let model: GPTOSSModel
    private let mailbox: EngineMailbox
    let counters: EngineCounters
    let sampling: SamplingWorkspace
    var scheduler: Scheduler
    var events: [Int: EngineMailbox.Events] = [:]
    /// What a step computes, and the rows whose logits it needs; empty between two steps.
    var batch = Batch()
    var logitRows: [LogitRow] = []
    var rowNumbers: [Int] = []
    /// The sequence whose remaining rows of this step follow a wrong draft.
    var stoppedNumber: Int?
    /// How many drafts pay; nil if there shall be none.
    var drafts: DraftPlan?

    private let prefixFile: PrefixFile?
    /// While there are prefixes left to read.
    private var prefixReader: PrefixFileReader?

    /// - Parameter drafts: how many drafts pay; nil if there shall be none.
    init(
        model: GPTOSSModel, limits: Scheduler.Limits, mailbox: EngineMailbox, counters: EngineCounters,
        prefixFile: PrefixFile? = nil, drafts: DraftPlan? = nil
    ) {
        self.model = model
        self.mailbox = mailbox
        self.counters = counters
        sampling = SamplingWorkspace(logits: model.workspace.logits, kernels: model.kernels)
        scheduler = Scheduler(limits: limits)
        self.prefixFile = prefixFile
        prefixReader = prefixFile?.reader()
        self.drafts = drafts
    }

    func run() {
        while true {
            let (messages, isClosed) = mailbox.take(waiting: scheduler.isIdle && prefixReader == nil)
            for message in messages { handle(message) }
            if isClosed { return finishAll() }
            restorePrefixes()
            step()
            assert(scheduler.checkIntegrity(), "pages and sequences agree")
            counters.publish(scheduler)
        }
    }

    private func restorePrefixes() {
        guard let reader = prefixReader else { return }
        let isMore = reader.restoreSome(
            to: &scheduler.pools, full: model.fullPages, sliding: model.slidingPages)
        if !isMore { prefixReader = nil }
    }

    private func handle(_ message: EngineMailbox.Message) {
        switch message {
        case .start(let number, let request, let continuation):
            events[number] = continuation
            scheduler.add(SequenceState(number: number, request: request))
        case .cancel(let number):
            _ = scheduler.remove(number)
            events[number] = nil
            mailbox.end(number)
        }
    }

    /// Tells those whose turn has come in this step.
    func reportAdmissions() {
        for admission in scheduler.admissions {
            events[admission.number]?.yield(.admitted(cachedTokens: admission.cachedTokens))
        }
    }

    /// Counts a part of a prompt and tells how far it is.
    func reportProgress(_ part: Scheduler.Part) {
        guard let sequence = scheduler.running.first(where: { $0.number == part.number }),
            sequence.generatedCount == 0 || part.ownCount > 1
        else { return }
        let prompt = sequence.request.prompt.count
        counters.addPrompt(part.ownCount)
        events[part.number]?.yield(.promptProgress(computed: min(sequence.computed, prompt), total: prompt))
    }

    /// Ends a request that only wanted its prompt computed.
    func finishUnsampled(_ part: Scheduler.Part) {
        guard let sequence = scheduler.running.first(where: { $0.number == part.number }),
            sequence.request.maximumTokens == 0, sequence.pendingCount == 0
        else { return }
        sendPromptLogprobs(part.number)
        finish(part.number, .length)
    }

    func sendPromptLogprobs(_ number: Int) {
        scheduler.update(number) { sequence in
            guard sequence.request.promptLogprobs != nil, sequence.generatedCount == 0 else { return }
            if sequence.promptLogprobs.isEmpty { sequence.promptLogprobs.append(nil) }
            events[number]?.yield(.promptLogprobs(sequence.promptLogprobs))
        }
    }

    func finish(_ number: Int, _ reason: FinishReason) {
        _ = scheduler.remove(number)
        mailbox.end(number)
        let continuation = events.removeValue(forKey: number)
        continuation?.yield(.finished(reason))
        continuation?.finish()
    }

    private func finishAll() {
        for (number, continuation) in events {
            mailbox.end(number)
            _ = scheduler.remove(number)
            continuation.finish(throwing: GenerationError.shuttingDown)
        }
        events.removeAll()
        // What was not read yet would be lost.
        while prefixReader != nil { restorePrefixes() }
        prefixFile?.save(scheduler.pools.cache, full: model.fullPages, sliding: model.slidingPages)
    }
}
