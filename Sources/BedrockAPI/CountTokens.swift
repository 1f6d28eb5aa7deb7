import APISupport
import Conversation
import Generation
import Hummingbird
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// CountTokens: what a request's prompt comes to, without answering it.
struct CountTokens: Sendable {
    let context: RuntimeContext

    var routes: [Route] { context.routes("count-tokens", .countTokens, handler: count) }

    @Sendable private func count(_ call: RuntimeRequest) throws -> Response {
        let input = try BedrockFields(body: call.request.body).member("input")
        let service = call.model.service
        let kinds = input.entries.filter { !$0.value.isNull }.map(\.key)
        let tokens: Int
        switch kinds {
        case ["converse"]:
            let limits = service.model.generator.limits
            let body = try ConverseBody(try input.member("converse"), id: call.id, limits: limits)
            tokens = try service.prompt(for: body.conversation).count
        case ["invokeModel"]:
            let body = try InvokeBody(
                try bytes(try input.member("invokeModel")), isStreamed: nil, id: call.id, model: service.model)
            tokens = try body.promptTokens(service)
        default:
            throw BedrockError.validation("'input' must have exactly one member: 'converse' or 'invokeModel'.")
        }
        var writer = JSONWriter()
        writer.append(raw: "{\"inputTokens\":")
        writer.append(tokens)
        writer.append(raw: "}")
        return .json(writer.bytes)
    }

    private func bytes(_ fields: BedrockFields) throws(BedrockError) -> [UInt8] {
        let text = try fields.required("body") { key throws(BedrockError) in try fields.string(key) }
        guard let data = Data(base64Encoded: text) else {
            throw fields.outOfRange("body", "a text that is no base64", allowed: "the body in base64")
        }
        return Array(data)
    }
}
