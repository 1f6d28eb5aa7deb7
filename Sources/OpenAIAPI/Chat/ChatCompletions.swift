import APISupport
import Conversation
import Generation
import HTTPTypes
import Hummingbird
import OpenAIWire

/// `POST /v1/chat/completions`.
struct ChatCompletions: Sendable {
    let context: AnswerContext

    var routes: [Route] { [Route(.post, "/v1/chat/completions", handler: answer)] }

    @Sendable private func answer(_ request: APIRequest) async throws -> Response {
        let fields = try Fields(body: request.body)
        let found = try await context.model(for: fields, request)
        let service = found.service
        let limits = service.model.generator.limits
        let chat = try ChatRequest(fields, id: request.id.description, limits: limits)
        let head = AnswerHead(prefix: "chatcmpl-", model: service.model, name: found.name)
        let run = context.run(service, request, isStreamed: chat.stream.isStreamed)
        var response =
            if chat.stream.isStreamed {
                Response.eventStream(try run.events(of: chat), encoder: ServerSentChunks(run.chunks(of: chat, head)))
            } else {
                Response.json(try await run.answer(to: chat, head).json())
            }
        if !chat.warnings.isEmpty { response.headers[.outcropWarning] = chat.warnings.joined(separator: "; ") }
        return response
    }
}
