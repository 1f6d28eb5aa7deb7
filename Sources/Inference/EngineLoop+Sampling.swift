import Generation
import OutcropNumerics

extension EngineLoop {
    /// Notes the log-probability of a prompt's token.
    func score(_ sequence: inout SequenceState, target: Int32, logitRow: Int) {
        if sequence.promptLogprobs.isEmpty { sequence.promptLogprobs.append(nil) }
        sequence.promptLogprobs.append(
            Logprobs.compute(
                model.workspace.logits, row: logitRow, token: target, top: sequence.request.promptLogprobs ?? 0,
                in: sampling))
    }

    /// Draws a sequence's next token from a row of logits and appends it.
    func sample(_ sequence: inout SequenceState, logitRow: Int) -> SampledToken {
        let logits = model.workspace.logits
        let id = sequence.sampler.sample(logits, row: logitRow, in: sampling)
        sequence.append(id)
        guard let top = sequence.request.topLogprobs else { return SampledToken(id: id) }
        return SampledToken(
            id: id, logprob: Logprobs.compute(logits, row: logitRow, token: id, top: top, in: sampling))
    }

    /// Why a sequence ended if it did with its last token.
    func finishReason(of sequence: SequenceState, last: Int32) -> FinishReason? {
        let request = sequence.request
        if !request.ignoresStopTokens, request.stopTokens.contains(last) {
            return .stopToken(last)
        }
        let isFull =
            sequence.generatedCount >= request.maximumTokens ?? .max || sequence.tokens.count >= counters.contextLength
        return isFull ? .length : nil
    }
}
