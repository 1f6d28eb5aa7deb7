import APISupport
import Conversation
import Generation

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What every generating endpoint of the door needs.
struct AnswerContext: Sendable {
    let directory: ModelDirectory
    let metrics: GenerationMetrics
    /// How long nothing may happen on a stream before a comment is sent.
    let keepAlive: Duration

    /// The head of a new answer.
    func head(prefix: String, model: ServedModel) -> AnswerHead {
        AnswerHead(
            id: prefix + randomIdentifier(length: 29), created: Int(Date().timeIntervalSince1970), model: model.name,
            fingerprint: Self.fingerprint(model))
    }

    /// Changes when the model behind a name does: FNV-1a of its name, its creation time and its size.
    private static func fingerprint(_ model: ServedModel) -> String {
        let text = "\(model.name)/\(model.created)/\(model.contextLength)/\(model.generator.limits.vocabularySize)"
        let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash & 0xFFFF_FFFF_FF, radix: 16)
        return "fp_" + String(repeating: "0", count: 10 - digits.utf8.count) + digits
    }
}

/// Measures one generation from its request's arrival to its end.
struct GenerationClock: Sendable {
    private let start = ContinuousClock.now
    private var firstToken: ContinuousClock.Instant?

    /// A token has come.
    mutating func token() { firstToken = firstToken ?? .now }

    /// Records the end.
    func record(_ usage: TokenUsage, reason: String, model: ServedModel, in metrics: GenerationMetrics) {
        metrics.record(
            model: model.name, reason: reason, promptTokens: usage.promptTokens, cachedTokens: usage.cachedTokens,
            generatedTokens: usage.completionTokens, firstToken: firstToken.map { $0 - start }, total: .now - start)
    }
}
