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
        let parts = scheduler.schedule()
        guard !parts.isEmpty else { return }
        let start = ContinuousClock.now
        run(parts)
        scheduler.noteDuration(of: parts, seconds: (ContinuousClock.now - start).seconds)
    }

    /// Computes the parts of a step and samples from them.
    func run(_ parts: [Scheduler.Part]) {
        fill(parts)
        model.forward(batch)
        batch.removeAll()
        postprocess(parts)
    }

    /// Makes the batch and the list of the rows whose logits are needed.
    private func fill(_ parts: [Scheduler.Part]) {
        logitRows.removeAll(keepingCapacity: true)
        for part in parts {
            scheduler.update(part.number) { append(part, of: $0) }
        }
    }

    private func append(_ part: Scheduler.Part, of sequence: SequenceState) {
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
            logitRows.append(
                LogitRow(
                    row: first + position - part.start, number: part.number,
                    promptTarget: isScored ? prompt[position + 1] : nil, isSampled: isSampled))
        }
    }

    private func postprocess(_ parts: [Scheduler.Part]) {
        for part in parts { scheduler.complete(part) }
        rowNumbers.removeAll(keepingCapacity: true)
        for entry in logitRows { rowNumbers.append(entry.row) }
        for start in stride(from: 0, to: logitRows.count, by: model.workspace.logitRows) {
            let block = start..<min(start + model.workspace.logitRows, logitRows.count)
            model.computeLogits(rows: rowNumbers[block])
            for index in block { consume(logitRows[index], logitRow: index - start) }
        }
        for part in parts { report(part) }
    }

    private func consume(_ entry: LogitRow, logitRow: Int) {
        if let target = entry.promptTarget {
            scheduler.update(entry.number) { sequence in
                score(&sequence, target: target, logitRow: logitRow)
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
}
