import Conversation

/// The models that requests can name, at every door: one service per model, so that a conversation may go on at another door.
public struct ModelDirectory: Sendable {
    /// One service per model.
    public let services: [ConversationService]

    /// - Parameters:
    ///   - models: what is served; a request that names none gets the first.
    ///   - memoryTokens: tokens of earlier turns remembered per model.
    ///   - date: the date that models are told when a request says none.
    public init(models: [ServedModel], memoryTokens: Int = 4 << 20, date: CalendarDate) {
        services = models.map {
            ConversationService($0, memory: TurnMemory(tokenCapacity: memoryTokens), date: date)
        }
    }

    /// The model of requests that name none.
    public var first: NamedModel? { services.first.map { NamedModel(service: $0, name: $0.model.name) } }

    /// The model that a text means: one of its names, its imported-model id, or an ARN that ends in that id.
    public func find(_ text: String) -> NamedModel? {
        if let service = services.first(where: { $0.model.names.contains { $0.utf8.elementsEqual(text.utf8) } }) {
            return NamedModel(service: service, name: service.model.name)
        }
        let arn = ImportedModelARN(text)
        let id = arn?.id ?? text
        let service = services.first { $0.model.id.utf8.elementsEqual(id.utf8) }
        return service.map { NamedModel(service: $0, name: arn == nil ? $0.model.name : text) }
    }
}

/// A model as a request named it.
public struct NamedModel: Sendable {
    /// Answers conversations with the model.
    public let service: ConversationService
    /// What answers call the model: its name, or the ARN that the request had.
    public let name: String
}
