import Conversation
import Generation
import JSON

/// Gathers the events of a chat answer into one `chat.completion` object.
package struct ChatAnswer: Sendable {
    /// One of the answers.
    private struct Choice: Sendable {
        var content = ""
        var reasoning = ""
        var calls: [ToolCall] = []
        var tokens: [TokenLogprob] = []
        var summary: ConversationSummary?
    }

    private let head: AnswerHead
    private let logprobs: ChatLogprobs?
    private var choices: [Choice]

    /// - Parameter logprobs: nil if they were not asked for.
    package init(_ head: AnswerHead, choices: Int, logprobs: ChatLogprobs?) {
        self.head = head
        self.logprobs = logprobs
        self.choices = Array(repeating: Choice(), count: choices)
    }

    /// Takes the next event of an answer.
    package mutating func add(_ event: ConversationEvent, choice: Int) {
        switch event {
        case .promptProgress: break
        case .reasoning(let text): choices[choice].reasoning += text
        case .content(let text, let tokens):
            choices[choice].content += text
            choices[choice].tokens += tokens
        case .toolCallStarted(_, let id, let name):
            choices[choice].calls.append(ToolCall(id: id, name: name, arguments: ""))
        case .toolCallArguments(let index, let text): choices[choice].calls[index].arguments += text
        case .finished(let summary): choices[choice].summary = summary
        }
    }

    /// The usage of all answers.
    package var usage: TokenUsage { TokenUsage(choices: choices.compactMap(\.summary?.usage)) }

    /// The object.
    package func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "{")
        writer.append(raw: head.fields(object: "chat.completion"))
        writer.append(raw: ",\"choices\":")
        writer.append(list: Array(choices.enumerated())) { writer, choice in
            writer.append(raw: "{\"index\":")
            writer.append(choice.offset)
            writer.append(raw: ",\"message\":")
            write(choice.element, to: &writer)
            writer.append(raw: ",\"logprobs\":")
            if let logprobs {
                logprobs.write(choice.element.tokens, to: &writer)
            } else {
                writer.append(raw: "null")
            }
            writer.append(raw: ",\"finish_reason\":")
            writer.append(string: (choice.element.summary?.reason ?? .stop).name)
            writer.append(raw: "}")
        }
        writer.append(raw: ",\"usage\":")
        writer.append(usage)
        writer.append(raw: "}")
        return writer.bytes
    }

    private func write(_ choice: Choice, to writer: inout JSONWriter) {
        writer.append(raw: "{\"role\":\"assistant\",\"content\":")
        writer.append(optional: choice.content.isEmpty && !choice.calls.isEmpty ? nil : choice.content)
        writer.append(raw: ",\"refusal\":null")
        if head.style == .importedModel { writer.append(raw: ",\"function_call\":null") }
        if !choice.reasoning.isEmpty {
            writer.append(raw: ",\"reasoning_content\":")
            writer.append(string: choice.reasoning)
            writer.append(raw: ",\"reasoning\":")
            writer.append(string: choice.reasoning)
        }
        if !choice.calls.isEmpty || head.style == .importedModel {
            writer.append(raw: ",\"tool_calls\":")
            writer.append(list: choice.calls) { writer, call in
                writer.append(raw: "{\"id\":")
                writer.append(string: call.id)
                writer.append(raw: ",\"type\":\"function\",\"function\":{\"name\":")
                writer.append(string: call.name)
                writer.append(raw: ",\"arguments\":")
                writer.append(string: call.arguments)
                writer.append(raw: "}}")
            }
        }
        writer.append(raw: "}")
    }
}
