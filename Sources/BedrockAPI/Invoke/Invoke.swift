import APISupport
import Conversation
import Generation
import HTTPTypes
import Hummingbird
import OpenAIWire

/// InvokeModel and InvokeModelWithResponseStream: a body in the model's own dialect, and an answer in the same one.
struct Invoke: Sendable {
    let context: RuntimeContext

    var routes: [Route] {
        context.routes("invoke", .invoke, handler: whole)
            + context.routes("invoke-with-response-stream", .invokeWithResponseStream, handler: streamed)
    }

    @Sendable private func whole(_ call: RuntimeRequest) async throws -> Response {
        try InvokeHeaders(call.request.head.headerFields).check(accept: .accept)
        let run = run(call)
        switch try InvokeBody(call.request.body, isStreamed: false, id: call.id, model: run.service.model) {
        case .chat(let chat):
            let answer = try await run.answer(to: chat, head(call, prefix: "chatcmpl-"))
            return respond(answer.json(), answer.usage, call, warnings: chat.warnings)
        case .completion(let completion):
            let answer = try await run.answer(to: completion, head(call, prefix: "cmpl-"))
            return respond(answer.json(), answer.usage, call)
        case .llama(let llama):
            var answer = LlamaChunks(llama)
            try await run.events(of: [llama.completion]).forEach { item in
                if case .event(let event, _) = item { answer.add(event) }
            }
            return respond(answer.json(), answer.usage, call)
        }
    }

    private func respond(
        _ body: [UInt8], _ usage: TokenUsage, _ call: RuntimeRequest, warnings: [String] = []
    ) -> Response {
        var headers: HTTPFields = [
            .inputTokenCount: String(usage.promptTokens), .outputTokenCount: String(usage.completionTokens),
            .invocationLatency: String(call.stopwatch.milliseconds),
        ]
        if !warnings.isEmpty { headers[.outcropWarning] = warnings.joined(separator: "; ") }
        return .json(body, headers: headers)
    }

    @Sendable private func streamed(_ call: RuntimeRequest) async throws -> Response {
        try InvokeHeaders(call.request.head.headerFields).check(accept: .bedrockAccept)
        let run = run(call, silence: context.keepAlive)
        switch try InvokeBody(call.request.body, isStreamed: true, id: call.id, model: run.service.model) {
        case .chat(let chat):
            let chunks = run.chunks(of: chat, head(call, prefix: "chatcmpl-"))
            return respond(try run.events(of: chat), chunks, call, warnings: chat.warnings)
        case .completion(let completion):
            let chunks = run.chunks(of: completion, head(call, prefix: "cmpl-"))
            return respond(try run.events(of: completion.parts), chunks, call)
        case .llama(let llama):
            return respond(try run.events(of: [llama.completion]), LlamaChunks(llama), call)
        }
    }

    private func respond<Writer: ChunkWriter>(
        _ events: EventStream<Writer.Event>, _ chunks: Writer, _ call: RuntimeRequest, warnings: [String] = []
    ) -> Response {
        var headers: HTTPFields = [.contentType: "application/vnd.amazon.eventstream"]
        headers[.bedrockContentType] = "application/json"
        if !warnings.isEmpty { headers[.outcropWarning] = warnings.joined(separator: "; ") }
        return .eventStream(events, encoder: InvokeChunkEncoder(chunks, call.stopwatch), headers: headers)
    }

    private func run(_ call: RuntimeRequest, silence: Duration? = nil) -> AnswerRun {
        AnswerRun(
            call.model.service, metrics: context.metrics, request: call.request, silence: silence)
    }

    /// Answers call the model ACCOUNT-ID, as Bedrock does.
    private func head(_ call: RuntimeRequest, prefix: String) -> AnswerHead {
        let model = call.model.service.model
        let arn = ImportedModelARN(call.model.name) ?? ImportedModelARN(id: model.id, in: context.pool.account)
        return AnswerHead(prefix: prefix, model: model, name: "\(arn.account)-\(arn.id)", style: .importedModel)
    }
}

/// The headers of an invocation: absent ones mean JSON, and what cannot be honoured is refused.
struct InvokeHeaders: Sendable {
    private let fields: HTTPFields

    init(_ fields: HTTPFields) {
        self.fields = fields
    }

    /// - Parameter accept: the header that says what kind of answer is wanted.
    func check(accept: HTTPField.Name) throws(BedrockError) {
        if fields[.guardrailIdentifier] != nil || fields[.guardrailVersion] != nil {
            throw .validation("Guardrails are not supported: leave guardrailIdentifier and guardrailVersion away.")
        }
        for name in [.contentType, accept] {
            guard let value = fields[name] else { continue }
            let types = value.split(separator: ",").map { entry in
                (entry.split(separator: ";").first ?? "").lowercased().filter { $0 != " " && $0 != "\t" }
            }
            guard types.contains(where: { ["application/json", "application/*", "*/*", ""].contains($0) }) else {
                throw .validation("\(name.canonicalName) '\(value)' is not supported: use application/json.")
            }
        }
    }
}
