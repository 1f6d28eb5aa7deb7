import Generation
import OutcropNumerics

extension LoadedModel {
    /// Computes the logits after every token of one sequence, in order, without an engine: `body` gets each token's index and
    /// its `vocabularySize` logits.
    /// - Throws: `GenerationError` if the tokens are not the model's or too many, and what `body` throws.
    public func forEachLogits(_ tokens: [Int32], _ body: (Int, Span<Float>) throws -> Void) throws {
        guard !tokens.isEmpty else { throw GenerationError.invalidRequest("give at least one token") }
        if let bad = tokens.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
            throw GenerationError.invalidRequest("token id \(bad) is outside 0..<\(vocabularySize)")
        }
        guard tokens.count <= contextLength else {
            throw GenerationError.contextLengthExceeded(
                promptTokens: tokens.count, requestedTokens: 0, limit: contextLength)
        }
        var scheduler = Scheduler(limits: schedulerLimits)
        scheduler.add(
            SequenceState(number: 0, request: GenerationRequest(id: "logits", prompt: tokens, maximumTokens: 0)))
        try withForwardPass { model in
            while let sequence = scheduler.running.first ?? scheduler.waiting.first, sequence.pendingCount > 0 {
                for part in scheduler.schedule() {
                    try compute(part, of: scheduler.running[0], with: model, body)
                    scheduler.complete(part)
                }
            }
        }
    }

    private func compute(
        _ part: Scheduler.Part, of sequence: SequenceState, with model: GPTOSSModel,
        _ body: (Int, Span<Float>) throws -> Void
    ) throws {
        var batch = Batch()
        batch.append(part, of: sequence)
        model.forward(batch, rows: Array(0..<part.count))
        for start in stride(from: 0, to: part.count, by: model.workspace.logitRows) {
            let block = start..<min(start + model.workspace.logitRows, part.count)
            model.computeLogits(rows: block)
            for row in block {
                try model.workspace.logits.withRow(row - start) { try body(part.start + row, $0) }
            }
        }
    }
}
