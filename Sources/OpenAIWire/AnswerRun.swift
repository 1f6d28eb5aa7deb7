import APISupport
import Conversation
import Generation

/// Where an answer comes from and who waits for it.
package struct AnswerRun: Sendable {
    /// Answers conversations with the model.
    package let service: ConversationService
    private let metrics: GenerationMetrics
    private let caller: Caller
    private let connection: ClientConnection
    private let silence: Duration?

    /// Prompts of a whole answer that are in the generator's queue at a time, so that a long list cannot fill it.
    private static let window = 16

    /// - Parameters:
    ///   - request: the generation is cancelled when its client leaves, and counted for its caller.
    ///   - silence: report when nothing has happened for about this long; nil never does.
    package init(
        _ service: ConversationService, metrics: GenerationMetrics, request: APIRequest, silence: Duration? = nil
    ) {
        self.service = service
        self.metrics = metrics
        caller = request.caller
        connection = request.connection
        self.silence = silence
    }

    /// Starts all answers of a conversation.
    ///
    /// - Throws: `ConversationError` if it cannot become a prompt, `GenerationError` if the generator cannot take it.
    package func events(of chat: ChatRequest) throws -> EventStream<ConversationEvent> {
        let prompt = try service.prompt(for: chat.conversation)
        var conversation = chat.conversation
        conversation.client = caller.client
        let turns = try (0..<chat.choices).map { choice in
            try service.respond(to: conversation, prompt: prompt, choice: choice)
        }
        return EventStream(
            turns.map { metrics.measured($0, model: service.model, caller: caller) }, connection: connection,
            silence: silence)
    }

    /// Starts completing all prompts of a request, or those of a range.
    ///
    /// - Throws: `GenerationError` if the generator cannot take it.
    package func events(of parts: some Sequence<TextCompletionRequest>) throws -> EventStream<TextCompletionEvent> {
        EventStream(
            try parts.map {
                var part = $0
                part.client = caller.client
                return metrics.measured(
                    try TextCompletion(part, model: service.model), model: service.model, caller: caller)
            },
            connection: connection, silence: silence)
    }

    /// The whole answer to a conversation.
    package func answer(to chat: ChatRequest, _ head: AnswerHead) async throws -> ChatAnswer {
        var answer = ChatAnswer(head, choices: chat.choices, logprobs: logprobs(of: chat))
        try await events(of: chat).forEach { item in
            if case .event(let event, let choice) = item { answer.add(event, choice: choice) }
        }
        return answer
    }

    /// The whole answer to a completion request.
    package func answer(to completion: CompletionRequest, _ head: AnswerHead) async throws -> CompletionAnswer {
        var answer = CompletionAnswer(head, completion, tokenizer: service.model.tokenizer)
        let parts = completion.parts
        for start in stride(from: 0, to: parts.count, by: Self.window) {
            let stream = try events(of: parts[start..<min(start + Self.window, parts.count)])
            try await stream.forEach { item in
                if case .event(let event, let source) = item { answer.add(event, source: start + source) }
            }
        }
        return answer
    }

    /// The objects of a streamed answer to a conversation.
    package func chunks(of chat: ChatRequest, _ head: AnswerHead) -> ChatChunks {
        ChatChunks(
            head, choices: chat.choices, includesUsage: chat.stream.includesUsage, logprobs: logprobs(of: chat))
    }

    /// The objects of a streamed answer to a completion request.
    package func chunks(of completion: CompletionRequest, _ head: AnswerHead) -> CompletionChunks {
        CompletionChunks(head, completion, tokenizer: service.model.tokenizer)
    }

    private func logprobs(of chat: ChatRequest) -> ChatLogprobs? {
        chat.conversation.topLogprobs == nil ? nil : ChatLogprobs(tokenizer: service.model.tokenizer)
    }
}
