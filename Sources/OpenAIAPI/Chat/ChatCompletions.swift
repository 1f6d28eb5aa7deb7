import APISupport
import Conversation
import Generation
import HTTPTypes
import Hummingbird

/// `POST /v1/chat/completions`.
struct ChatCompletions: Sendable {
    let context: AnswerContext

    var routes: [Route] { [Route(.post, "/v1/chat/completions", handler: answer)] }

    @Sendable private func answer(_ request: APIRequest) async throws -> Response {
        let fields = try Fields(body: request.body)
        let service = try context.directory.service(for: fields)
        let limits = service.model.generator.limits
        let chat = try ChatRequest(fields, id: request.id.description, limits: limits)
        let turns = try start(chat, service)
        let stream = EventStream(
            turns.map { context.measured($0, model: service.model) }, connection: request.connection,
            silence: chat.stream.isStreamed ? context.keepAlive : nil)
        let head = context.head(prefix: "chatcmpl-", model: service.model)
        let logprobs =
            chat.conversation.topLogprobs == nil ? nil : ChatLogprobs(tokenizer: service.model.tokenizer)
        var response =
            if chat.stream.isStreamed {
                Response.eventStream(
                    stream,
                    encoder: ChatChunkEncoder(
                        head, choices: chat.choices, includesUsage: chat.stream.includesUsage, logprobs: logprobs))
            } else {
                try await whole(stream, ChatAnswer(head, choices: chat.choices, logprobs: logprobs))
            }
        if !chat.warnings.isEmpty { response.headers[.outcropWarning] = chat.warnings.joined(separator: "; ") }
        return response
    }

    private func start(_ chat: ChatRequest, _ service: ConversationService) throws -> [ConversationTurn] {
        let prompt = try service.prompt(for: chat.conversation)
        return try (0..<chat.choices).map { choice in
            try service.respond(to: chat.conversation, prompt: prompt, choice: choice)
        }
    }

    private func whole(_ stream: EventStream<ConversationEvent>, _ empty: ChatAnswer) async throws -> Response {
        var answer = empty
        try await stream.forEach { item in
            if case .event(let event, let choice) = item { answer.add(event, choice: choice) }
        }
        return .json(answer.json())
    }
}

extension HTTPField.Name {
    /// What a request asked for that has no effect.
    static var outcropWarning: HTTPField.Name {
        guard let name = HTTPField.Name("x-outcrop-warning") else { preconditionFailure("a valid field name") }
        return name
    }
}
