import Conversation
import JSON

/// What the model answered.
struct Answer: Sendable {
    /// What the user reads.
    var content = ""
    /// What the model thought.
    var reasoning = ""
    /// Why it ended and what it cost; nil when it did not come to its end.
    var summary: ConversationSummary?
    /// Why it did not come to its end; nil also when it was stopped.
    var failure: (any Error)?

    /// Asks and prints the answer as it comes. Cancelling the task stops it; what there is then is returned.
    static func read(_ request: ConversationRequest, from model: TerminalModel, printer: TurnPrinter) async -> Answer {
        var answer = Answer()
        var printer = printer
        do {
            for try await event in try model.respond(to: request) { answer.add(event, &printer) }
        } catch {
            // What cancelling causes is no failure, under whichever name it comes.
            if !Task.isCancelled { answer.failure = error }
        }
        printer.finish()
        return answer
    }

    private mutating func add(_ event: ConversationEvent, _ printer: inout TurnPrinter) {
        switch event {
        case .reasoning(let text):
            reasoning += text
            printer.reasoning(text)
        case .content(let text, _):
            content += text
            printer.content(text)
        case .finished(let summary):
            self.summary = summary
        case .promptProgress, .toolCallStarted, .toolCallArguments:
            // No function is offered here, so there is no call to carry out.
            break
        }
    }

    /// Whether the model said and thought nothing.
    var isEmpty: Bool { content.isEmpty && reasoning.isEmpty }

    /// The answer as a message for the next turn.
    var message: ConversationMessage {
        ConversationMessage(.assistant, content, reasoning: reasoning.isEmpty ? nil : reasoning)
    }
}

extension ConversationSummary.Reason {
    /// The reason as OpenAI's API names it.
    var name: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .toolCalls: "tool_calls"
        }
    }
}

extension ConversationMessage {
    /// The message as OpenAI's API writes it.
    var json: JSONValue {
        var object = JSONObject([("role", .string(role.rawValue)), ("content", .string(content))])
        if let reasoning { object["reasoning_content"] = .string(reasoning) }
        return .object(object)
    }
}
