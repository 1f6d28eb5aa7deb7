import APISupport
import Conversation
import Generation
import HTTPTypes
import Hummingbird

/// Converse and ConverseStream: one form of conversation for all models.
struct Converse: Sendable {
    let context: RuntimeContext

    var routes: [Route] {
        context.routes("converse", .invoke, handler: whole)
            + context.routes("converse-stream", .invokeWithResponseStream, handler: streamed)
    }

    @Sendable private func whole(_ call: RuntimeRequest) async throws -> Response {
        let body = try body(call)
        var answer = ConverseAnswer(maximumTokens: body.conversation.maximumTokens)
        try await events(body, call).forEach { item in
            if case .event(let event, _) = item { answer.add(event) }
        }
        return .json(answer.json(latency: call.stopwatch.milliseconds), headers: headers(body))
    }

    @Sendable private func streamed(_ call: RuntimeRequest) async throws -> Response {
        let body = try body(call)
        var headers = headers(body)
        headers[.contentType] = "application/vnd.amazon.eventstream"
        return .eventStream(
            try events(body, call, silence: context.keepAlive),
            encoder: ConverseEventEncoder(maximumTokens: body.conversation.maximumTokens, call.stopwatch),
            headers: headers)
    }

    private func body(_ call: RuntimeRequest) throws -> ConverseBody {
        try ConverseBody(
            BedrockFields(body: call.request.body), id: call.id, limits: call.model.service.model.generator.limits)
    }

    private func events(
        _ body: ConverseBody, _ call: RuntimeRequest, silence: Duration? = nil
    ) throws -> EventStream<ConversationEvent> {
        let service = call.model.service
        var conversation = body.conversation
        conversation.client = call.request.caller.client
        let turn = try service.respond(to: conversation)
        return EventStream(
            [context.metrics.measured(turn, model: service.model, caller: call.request.caller)],
            connection: call.request.connection,
            silence: silence)
    }

    private func headers(_ body: ConverseBody) -> HTTPFields {
        body.warnings.isEmpty ? [:] : [.outcropWarning: body.warnings.joined(separator: "; ")]
    }
}
