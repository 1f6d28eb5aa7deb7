import APISupport
import Conversation
import Generation
import Hummingbird
import OpenAIWire

/// `POST /v1/completions`.
struct Completions: Sendable {
    let context: AnswerContext

    var routes: [Route] { [Route(.post, "/v1/completions", handler: answer)] }

    @Sendable private func answer(_ request: APIRequest) async throws -> Response {
        let fields = try Fields(body: request.body)
        let found = try await context.model(for: fields, request)
        let model = found.service.model
        let completion = try CompletionRequest(fields, id: request.id.description, model: model)
        let head = AnswerHead(prefix: "cmpl-", model: model, name: found.name)
        let run = context.run(found.service, request, isStreamed: completion.stream.isStreamed)
        do {
            guard completion.stream.isStreamed else { return .json(try await run.answer(to: completion, head).json()) }
            return .eventStream(
                try run.events(of: completion.parts), encoder: ServerSentChunks(run.chunks(of: completion, head)))
        } catch GenerationError.contextLengthExceeded(let prompt, let requested, let limit) {
            throw OpenAIError.contextLengthExceeded(
                prompt: prompt, requested: requested, limit: limit, parameter: "prompt")
        }
    }
}
