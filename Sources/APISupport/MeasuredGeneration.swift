import Conversation
import Generation

/// What an event of an answer means for measurements.
public enum Milestone: Sendable {
    /// The prompt is being computed.
    case prompt
    /// A token has come.
    case token
    /// The end.
    case end(ConversationSummary)

    /// Whether nothing comes behind it.
    public var isEnd: Bool { if case .end = self { true } else { false } }
}

/// An event that is measured.
public protocol MeasuredEvent: Sendable {
    /// What the event means for measurements.
    var milestone: Milestone { get }
}

extension ConversationEvent: MeasuredEvent {
    /// What the event means for measurements.
    public var milestone: Milestone {
        switch self {
        case .promptProgress: .prompt
        case .reasoning, .content, .toolCallStarted, .toolCallArguments: .token
        case .finished(let summary): .end(summary)
        }
    }
}

extension TextCompletionEvent: MeasuredEvent {
    /// What the event means for measurements.
    public var milestone: Milestone {
        switch self {
        case .promptProgress, .promptLogprobs: .prompt
        case .text: .token
        case .finished(let summary): .end(summary)
        }
    }
}

extension GenerationMetrics {
    /// The events of one generation, measured from now to its end, and counted for who asked for it.
    public func measured<Events: AsyncSequence & Sendable>(
        _ events: Events, model: ServedModel, caller: Caller
    ) -> EventStream<Events.Element>.Source
    where Events.Element: MeasuredEvent, Events.AsyncIterator: SendableMetatype {
        let start = ContinuousClock.now
        return { emit in
            var firstToken: ContinuousClock.Instant?
            do {
                for try await event in events {
                    switch event.milestone {
                    case .prompt: break
                    case .token: firstToken = firstToken ?? .now
                    case .end(let summary):
                        record(
                            model: model.name, reason: summary.reason.name,
                            promptTokens: summary.usage.promptTokens, cachedTokens: summary.usage.cachedTokens,
                            generatedTokens: summary.usage.completionTokens,
                            firstToken: firstToken.map { $0 - start }, total: .now - start)
                        recordUsage(of: model, by: caller, summary.usage, lasting: .now - start)
                        recordRepairs(summary.repairs, model: model.name)
                    }
                    emit(event)
                }
            } catch {
                recordAbort(model: model.name)
                throw error
            }
        }
    }
}
