import APISupport
import Conversation
import OpenAIWire

/// What every generating endpoint of the door needs.
struct AnswerContext: Sendable {
    let pool: ModelPool
    let metrics: GenerationMetrics
    /// How long nothing may happen on a stream before a comment is sent.
    let keepAlive: Duration

    /// The model that a request asks for an answer.
    func model(for fields: Fields, _ request: APIRequest) async throws -> NamedModel {
        let isStreamed = try fields.bool("stream") ?? false
        return try await pool.model(
            for: fields, request, action: isStreamed ? .invokeWithResponseStream : .invoke)
    }

    /// What answers a request.
    func run(_ service: ConversationService, _ request: APIRequest, isStreamed: Bool) -> AnswerRun {
        AnswerRun(
            service, metrics: metrics, request: request, silence: isStreamed ? keepAlive : nil)
    }
}

extension ModelPool {
    /// The model that a request's `model` means, loaded and kept until it is answered; the only one if it names none.
    ///
    /// - Parameter action: what the caller must be allowed to do with the model.
    func model(for fields: Fields, _ request: APIRequest, action: ModelAction) async throws -> NamedModel {
        let name = try fields.string("model")
        let entry = if let name { try await known(name) } else { try await theDefault() }
        try request.caller.authorize(action, on: entry, in: account)
        return try await acquire(entry, called: name, for: request.scope)
    }

    /// The model of a name.
    func known(_ name: String) async throws -> ModelEntry {
        guard let entry = try await entry(name) else { throw Self.unknown(name) }
        return entry
    }

    private func theDefault() async throws -> ModelEntry {
        if let entry = try await defaultEntry() { return entry }
        let names = try await entries().map(\.name)
        guard !names.isEmpty else { throw Self.unknown("") }
        throw OpenAIError.invalid(
            "Missing required parameter: 'model'. There are: \(names.joined(separator: ", ")).", parameter: "model",
            code: "missing_required_parameter")
    }

    private static func unknown(_ name: String) -> OpenAIError {
        OpenAIError(
            status: 404, message: "The model '\(name)' does not exist or you do not have access to it.",
            type: "invalid_request_error", parameter: "model", code: "model_not_found")
    }
}
