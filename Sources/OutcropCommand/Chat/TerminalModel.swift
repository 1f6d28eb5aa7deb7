import Conversation
import Inference
import ModelImport

/// A model loaded in this process for one person at a terminal.
struct TerminalModel: Sendable {
    private let model: OpenModel
    private let conversations: ConversationService

    /// What to call it.
    var name: String { model.served.name }

    /// Finds, imports if need be, and loads a model.
    /// - Parameter text: a name or a folder; nil means the only imported model.
    static func open(_ text: String?, source: SourceArguments, options: EngineOptions) async throws -> TerminalModel {
        let resolved = try await source.resolve(try text ?? source.libraryArguments.onlyModel())
        var options = options
        options.runningSequences = 1
        let model = try OpenModel(resolved, names: [resolved.name], options: options)
        return TerminalModel(model: model, conversations: ConversationService(model.served))
    }

    /// Starts answering. Cancelling the task that reads the turn stops it.
    /// - Throws: `ConversationError` or `GenerationError` when the request cannot be answered.
    func respond(to request: ConversationRequest) throws -> ConversationTurn {
        try conversations.respond(to: request)
    }

    /// Ends the engine's threads.
    func close() { model.close() }
}
