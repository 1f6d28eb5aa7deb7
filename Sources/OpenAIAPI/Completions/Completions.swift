import APISupport
import Conversation
import Generation
import Hummingbird

/// `POST /v1/completions`.
struct Completions: Sendable {
    let context: AnswerContext

    /// Prompts of a whole answer that are in the generator's queue at a time, so that a long list cannot fill it.
    static let window = 16

    var routes: [Route] { [Route(.post, "/v1/completions", handler: answer)] }

    @Sendable private func answer(_ request: APIRequest) async throws -> Response {
        let fields = try Fields(body: request.body)
        let model = try context.directory.service(for: fields).model
        let completion = try CompletionRequest(fields, id: request.id.description, model: model)
        let head = context.head(prefix: "cmpl-", model: model)
        let parts = completion.prompts.flatMap { prompt in
            (0..<completion.bestOf).map { part(completion, prompt: prompt, choice: $0) }
        }
        do {
            if completion.stream.isStreamed {
                let stream = EventStream(
                    try parts.map { context.measured(try TextCompletion($0, model: model), model: model) },
                    connection: request.connection, silence: context.keepAlive)
                let encoder = CompletionChunkEncoder(head, completion, tokenizer: model.tokenizer)
                return .eventStream(stream, encoder: encoder)
            }
            var answer = CompletionAnswer(head, completion, tokenizer: model.tokenizer)
            for start in stride(from: 0, to: parts.count, by: Self.window) {
                let part = parts[start..<min(start + Self.window, parts.count)]
                let stream = EventStream(
                    try part.map { context.measured(try TextCompletion($0, model: model), model: model) },
                    connection: request.connection)
                try await stream.forEach { item in
                    if case .event(let event, let source) = item { answer.add(event, source: start + source) }
                }
            }
            return .json(answer.json())
        } catch GenerationError.contextLengthExceeded(let prompt, let requested, let limit) {
            throw OpenAIError.contextLengthExceeded(
                prompt: prompt, requested: requested, limit: limit, parameter: "prompt")
        }
    }

    private func part(_ completion: CompletionRequest, prompt: [Int32], choice: Int) -> TextCompletionRequest {
        var part = completion.template
        part.prompt = prompt
        part.sampling.seed = part.sampling.seed.map { $0 &+ UInt64(choice) }
        return part
    }
}
