import Generation
import OutcropNumerics

/// Log-probabilities from unmodified logits.
enum Logprobs {
    /// The log-probability of `token` at a row, and of the `top` most likely tokens.
    static func compute(
        _ logits: FloatMatrix, row: Int, token: Int32, top: Int, in workspace: SamplingWorkspace
    ) -> TokenLogprob {
        let distribution = TokenDistribution(logits, row: row, temperature: 1, kernels: workspace.kernels)
        let best = Int32(distribution.best)
        guard !distribution.isCertain else {
            let candidates = top > 0 ? [TokenLogprob.Candidate(id: best, logprob: 0)] : []
            return TokenLogprob(id: token, logprob: token == best ? 0 : -.infinity, top: candidates)
        }
        workspace.ranking.begin(distribution)
        let normaliser = distribution.maximum + Float(naturalLogarithm(workspace.ranking.totalMass()))
        let candidates = workspace.ranking.best(top).map {
            TokenLogprob.Candidate(id: $0.id, logprob: $0.logit - normaliser)
        }
        let own = logits.withRow(row) { values in
            token >= 0 && Int(token) < values.count ? values[Int(token)] - normaliser : -.infinity
        }
        return TokenLogprob(id: token, logprob: own, top: candidates)
    }
}
