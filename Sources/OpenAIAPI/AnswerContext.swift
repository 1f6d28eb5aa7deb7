import APISupport
import Conversation
import OpenAIWire

/// What every generating endpoint of the door needs.
struct AnswerContext: Sendable {
    let directory: ModelDirectory
    let metrics: GenerationMetrics
    /// How long nothing may happen on a stream before a comment is sent.
    let keepAlive: Duration

    /// What answers a request.
    func run(_ service: ConversationService, _ request: APIRequest, isStreamed: Bool) -> AnswerRun {
        AnswerRun(
            service, metrics: metrics, connection: request.connection, silence: isStreamed ? keepAlive : nil)
    }
}

extension ModelDirectory {
    /// The model that a request's `model` means; the first if it names none.
    func model(for fields: Fields) throws(OpenAIError) -> NamedModel {
        guard let name = try fields.string("model") else {
            guard let first else { throw Self.unknown("") }
            return first
        }
        return try model(named: name)
    }

    /// The model of a name.
    func model(named name: String) throws(OpenAIError) -> NamedModel {
        guard let model = find(name) else { throw Self.unknown(name) }
        return model
    }

    private static func unknown(_ name: String) -> OpenAIError {
        OpenAIError(
            status: 404, message: "The model '\(name)' does not exist or you do not have access to it.",
            type: "invalid_request_error", parameter: "model", code: "model_not_found")
    }
}
