import Generation
import OutcropNumerics

extension EngineLoop {
    /// A row of logits that a step needs.
    struct LogitRow {
        /// Row of the batch.
        var row: Int
        var number: Int
        /// The prompt token that this row predicts, if its log-probability is asked for.
        var promptTarget: Int32?
        /// Whether the sequence's next token is drawn from it.
        var isSampled: Bool
    }

    /// Schedules, runs and postprocesses one step; does nothing if nothing can be computed.
    func step() {
        proposeDrafts()
        let parts = scheduler.schedule()
        // A step may take seconds: who runs and who waits is to be seen meanwhile.
        counters.publish(scheduler)
        reportAdmissions()
        guard !parts.isEmpty else { return }
        let start = ContinuousClock.now
        run(parts)
        let seconds = (ContinuousClock.now - start).seconds
        scheduler.noteDuration(of: parts, seconds: seconds)
        drafts?.noteDuration(of: parts, seconds: seconds)
    }

    /// Computes the parts of a step and samples from them.
    func run(_ parts: [Scheduler.Part]) {
        fill(parts)
        model.forward(batch, rows: rowNumbers)
        batch.removeAll()
        postprocess(parts)
    }

    /// Makes the batch and the list of the rows whose logits are needed.
    private func fill(_ parts: [Scheduler.Part]) {
        logitRows.removeAll(keepingCapacity: true)
        for part in parts {
            scheduler.update(part.number) { append(part, of: $0) }
        }
        rowNumbers.removeAll(keepingCapacity: true)
        for entry in logitRows { rowNumbers.append(entry.row) }
    }

    private func append(_ part: Scheduler.Part, of sequence: SequenceState) {
        let first = batch.tokens.count
        let end = part.start + part.ownCount
        batch.append(part, of: sequence)
        let prompt = sequence.request.prompt
        for position in part.start..<end {
            let isSampled = position + 1 == sequence.tokens.count && sequence.request.maximumTokens != 0
            let isScored =
                sequence.request.promptLogprobs != nil && position + 1 < prompt.count
                && position + 1 > sequence.promptLogprobs.count - 1 && sequence.generatedCount == 0
            guard isSampled || isScored else { continue }
            logitRows.append(
                LogitRow(
                    row: first + position - part.start, number: part.number,
                    promptTarget: isScored ? prompt[position + 1] : nil, isSampled: isSampled))
        }
        for draft in 0..<part.drafts {
            logitRows.append(
                LogitRow(row: first + part.ownCount + draft, number: part.number, promptTarget: nil, isSampled: true))
        }
    }

    private func postprocess(_ parts: [Scheduler.Part]) {
        for part in parts {
            scheduler.complete(part)
            if part.drafts > 0 { counters.addDrafted(part.drafts) }
            reportProgress(part)
        }
        stoppedNumber = nil
        for start in stride(from: 0, to: logitRows.count, by: model.workspace.logitRows) {
            let block = start..<min(start + model.workspace.logitRows, logitRows.count)
            model.computeLogits(rows: block)
            for index in block { consume(logitRows[index], logitRow: index - start) }
        }
        for part in parts { finishUnsampled(part) }
    }

    private func consume(_ entry: LogitRow, logitRow: Int) {
        if let target = entry.promptTarget {
            scheduler.update(entry.number) { sequence in
                score(&sequence, target: target, logitRow: logitRow)
            }
        }
        // What follows a draft that was wrong was computed for nothing.
        guard entry.isSampled, entry.number != stoppedNumber else { return }
        sendPromptLogprobs(entry.number)
        let sampled = scheduler.update(entry.number) { sequence -> Sampled in
            let token = sample(&sequence, logitRow: logitRow)
            return Sampled(
                token: token, isDraft: sequence.lookup.note(sampled: token.id),
                reason: finishReason(of: sequence, last: token.id))
        }
        guard let sampled else { return }
        counters.addGenerated(1)
        events[entry.number]?.yield(.token(sampled.token))
        if sampled.isDraft {
            counters.addAccepted(1)
            scheduler.acceptDraft(of: entry.number)
        } else {
            stoppedNumber = entry.number
        }
        if let reason = sampled.reason { finish(entry.number, reason) }
    }

    /// What came of a row of logits.
    private struct Sampled {
        var token: SampledToken
        /// Whether it is the draft that the next row was computed from.
        var isDraft: Bool
        /// Why the sequence ended, if it did with this token.
        var reason: FinishReason?
    }
}
