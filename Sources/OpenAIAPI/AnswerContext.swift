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

/// What an event of an answer means for measurements.
enum Milestone: Sendable {
    /// The prompt is being computed.
    case prompt
    /// A token has come.
    case token
    /// The end.
    case end(ConversationSummary)
}

/// An event that is measured.
protocol MeasuredEvent: Sendable {
    /// What the event means for measurements.
    var milestone: Milestone { get }
}

extension ConversationEvent: MeasuredEvent {
    var milestone: Milestone {
        switch self {
        case .promptProgress: .prompt
        case .reasoning, .content, .toolCallStarted, .toolCallArguments: .token
        case .finished(let summary): .end(summary)
        }
    }
}

extension TextCompletionEvent: MeasuredEvent {
    var milestone: Milestone {
        switch self {
        case .promptProgress, .promptLogprobs: .prompt
        case .text: .token
        case .finished(let summary): .end(summary)
        }
    }
}

extension AnswerContext {
    /// The events of one generation, measured from now to its end.
    func measured<Events: AsyncSequence & Sendable>(
        _ events: Events, model: ServedModel
    ) -> EventStream<Events.Element>.Source
    where Events.Element: MeasuredEvent, Events.AsyncIterator: SendableMetatype {
        let start = ContinuousClock.now
        return { [metrics] emit in
            var firstToken: ContinuousClock.Instant?
            do {
                for try await event in events {
                    switch event.milestone {
                    case .prompt: break
                    case .token: firstToken = firstToken ?? .now
                    case .end(let summary):
                        metrics.record(
                            model: model.name, reason: summary.reason.finishReason,
                            promptTokens: summary.usage.promptTokens, cachedTokens: summary.usage.cachedTokens,
                            generatedTokens: summary.usage.completionTokens,
                            firstToken: firstToken.map { $0 - start }, total: .now - start)
                        metrics.recordRepairs(summary.repairs, model: model.name)
                    }
                    emit(event)
                }
            } catch {
                metrics.recordAbort(model: model.name)
                throw error
            }
        }
    }
}
