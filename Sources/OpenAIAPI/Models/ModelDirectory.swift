import Conversation

/// The models that requests can name.
struct ModelDirectory: Sendable {
    /// One service per model.
    let services: [ConversationService]

    init(models: [ServedModel], memoryTokens: Int, date: CalendarDate) {
        services = models.map {
            ConversationService($0, memory: TurnMemory(tokenCapacity: memoryTokens), date: date)
        }
    }

    /// The service that a request's `model` means; the first if it names none.
    func service(for fields: Fields) throws(OpenAIError) -> ConversationService {
        guard let name = try fields.string("model") else {
            guard let first = services.first else { throw Self.unknown("") }
            return first
        }
        return try service(named: name)
    }

    func service(named name: String) throws(OpenAIError) -> ConversationService {
        let service = services.first { $0.model.names.contains { $0.utf8.elementsEqual(name.utf8) } }
        guard let service else { throw Self.unknown(name) }
        return service
    }

    private static func unknown(_ name: String) -> OpenAIError {
        OpenAIError(
            status: 404, message: "The model '\(name)' does not exist or you do not have access to it.",
            type: "invalid_request_error", parameter: "model", code: "model_not_found")
    }
}
