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
    private var scheduler: Scheduler
    private var events: [Int: EngineMailbox.Events] = [:]

    private let prefixFile: PrefixFile?
    /// While there are prefixes left to read.
    private var prefixReader: PrefixFileReader?

    init(
        model: GPTOSSModel, limits: Scheduler.Limits, mailbox: EngineMailbox, counters: EngineCounters,
        prefixFile: PrefixFile? = nil
    ) {
        self.model = model
        self.mailbox = mailbox
        self.counters = counters
        sampling = SamplingWorkspace(logits: model.workspace.logits, kernels: model.kernels)
        scheduler = Scheduler(limits: limits)
        self.prefixFile = prefixFile
        prefixReader = prefixFile?.reader()
    }

    func run() {
        while true {
            let (messages, isClosed) = mailbox.take(waiting: scheduler.isIdle && prefixReader == nil)
            for message in messages { handle(message) }
            if isClosed { return finishAll() }
            restorePrefixes()
            let parts = scheduler.schedule()
            if !parts.isEmpty {
                let start = ContinuousClock.now
                let rows = runStep(parts)
                postprocess(parts, rows)
                scheduler.noteDuration(of: parts, seconds: (ContinuousClock.now - start).seconds)
            }
            assert(scheduler.checkIntegrity(), "pages and sequences agree")
            publishLoad()
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

    // MARK: - One step

    /// A row of logits that a step needs.
    private struct LogitRow {
        /// Row of the batch.
        var row: Int
        var number: Int
        /// The prompt token that this row predicts, if its log-probability is asked for.
        var promptTarget: Int32?
        /// Whether the sequence's next token is drawn from it.
        var isSampled: Bool
    }

    /// Computes the step's tokens and returns the rows whose logits are needed.
    private func runStep(_ parts: [Scheduler.Part]) -> [LogitRow] {
        var batch = Batch()
        var rows: [LogitRow] = []
        for part in parts {
            scheduler.update(part.number) { sequence in
                append(part, of: sequence, to: &batch, rows: &rows)
            }
        }
        model.forward(batch)
        return rows
    }

    private func append(
        _ part: Scheduler.Part, of sequence: SequenceState, to batch: inout Batch, rows: inout [LogitRow]
    ) {
        let first = batch.tokens.count
        let end = part.start + part.count
        batch.append(
            sequence.tokens[part.start..<end], position: part.start,
            pages: Batch.Pages(
                full: sequence.fullPages, sliding: sequence.slidingPages, firstSlidingPage: sequence.firstSlidingPage))
        let prompt = sequence.request.prompt
        for position in part.start..<end {
            let isSampled = position + 1 == sequence.tokens.count && sequence.request.maximumTokens != 0
            let isScored =
                sequence.request.promptLogprobs != nil && position + 1 < prompt.count
                && position + 1 > sequence.promptLogprobs.count - 1 && sequence.generatedCount == 0
            guard isSampled || isScored else { continue }
            rows.append(
                LogitRow(
                    row: first + position - part.start, number: part.number,
                    promptTarget: isScored ? prompt[position + 1] : nil, isSampled: isSampled))
        }
    }

    private func postprocess(_ parts: [Scheduler.Part], _ rows: [LogitRow]) {
        for part in parts { scheduler.complete(part) }
        let numbers = rows.map(\.row)
        for start in stride(from: 0, to: rows.count, by: model.workspace.logitRows) {
            let block = start..<min(start + model.workspace.logitRows, rows.count)
            model.computeLogits(rows: numbers[block])
            for index in block { consume(rows[index], logitRow: index - start) }
        }
        for part in parts { report(part) }
    }

    private func consume(_ entry: LogitRow, logitRow: Int) {
        if let target = entry.promptTarget {
            scheduler.update(entry.number) { sequence in
                if sequence.promptLogprobs.isEmpty { sequence.promptLogprobs.append(nil) }
                sequence.promptLogprobs.append(
                    Logprobs.compute(
                        model.workspace.logits, row: logitRow, token: target,
                        top: sequence.request.promptLogprobs ?? 0, in: sampling))
            }
        }
        guard entry.isSampled else { return }
        sendPromptLogprobs(entry.number)
        let sampled = scheduler.update(entry.number) { sequence -> (SampledToken, GenerationSummary?) in
            let token = sample(&sequence, logitRow: logitRow)
            return (token, summary(of: sequence, last: token.id))
        }
        guard let (token, summary) = sampled else { return }
        counters.addGenerated(1)
        events[entry.number]?.yield(.token(token))
        if let summary { finish(entry.number, summary) }
    }

    /// Progress of a prompt, and the end of requests that only wanted their prompt computed.
    private func report(_ part: Scheduler.Part) {
        guard let sequence = scheduler.running.first(where: { $0.number == part.number }) else { return }
        guard sequence.generatedCount == 0 || part.count > 1 else { return }
        let prompt = sequence.request.prompt.count
        counters.addPrompt(part.count)
        events[part.number]?.yield(.promptProgress(computed: min(sequence.computed, prompt), total: prompt))
        guard sequence.request.maximumTokens == 0, sequence.pendingCount == 0 else { return }
        sendPromptLogprobs(part.number)
        finish(
            part.number,
            GenerationSummary(
                reason: .length, promptTokens: prompt, cachedTokens: sequence.cachedTokens ?? 0, generatedTokens: 0))
    }

    private func sendPromptLogprobs(_ number: Int) {
        scheduler.update(number) { sequence in
            guard sequence.request.promptLogprobs != nil, sequence.generatedCount == 0 else { return }
            if sequence.promptLogprobs.isEmpty { sequence.promptLogprobs.append(nil) }
            events[number]?.yield(.promptLogprobs(sequence.promptLogprobs))
        }
    }

    private func finish(_ number: Int, _ summary: GenerationSummary) {
        _ = scheduler.remove(number)
        mailbox.end(number)
        let continuation = events.removeValue(forKey: number)
        continuation?.yield(.finished(summary))
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

    private func publishLoad() {
        counters.publish(
            running: scheduler.running.count, waiting: scheduler.waiting.count, pageUsage: scheduler.pageUsage,
            prefixes: scheduler.prefixCounts)
    }
}
