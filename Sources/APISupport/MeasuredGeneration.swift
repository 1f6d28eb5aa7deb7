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

/// Reads an answer's events, and says at any time what the answer has taken so far.
public protocol MeasuredIterator: AsyncIteratorProtocol where Element: MeasuredEvent {
    /// What the answer has taken so far.
    var usage: TokenUsage { get }
}

extension ConversationTurn.Iterator: MeasuredIterator {}
extension TextCompletion.Iterator: MeasuredIterator {}

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
    /// The events of one generation, measured from now to its end, and counted for who asked for it: as far as it came, if
    /// it fails or the client leaves.
    public func measured<Answer: AsyncSequence & Sendable>(
        _ answer: Answer, model: ServedModel, caller: Caller
    ) -> EventStream<Answer.Element>.Source
    where Answer.AsyncIterator: MeasuredIterator & SendableMetatype {
        let start = ContinuousClock.now
        return { emit in
            var events = answer.makeAsyncIterator()
            var firstToken: ContinuousClock.Instant?
            var summary: ConversationSummary?
            defer {
                record(
                    GenerationMeasurement(
                        summary: summary, usage: events.usage, firstToken: firstToken.map { $0 - start },
                        total: .now - start),
                    of: model, for: caller)
            }
            while let event = try await events.next() {
                switch event.milestone {
                case .prompt: break
                case .token: firstToken = firstToken ?? .now
                case .end(let end): summary = end
                }
                emit(event)
            }
        }
    }
}
