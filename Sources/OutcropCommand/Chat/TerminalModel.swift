import Conversation
import Generation
import Harmony
import Inference
import ModelImport
import ModelLibrary
import Tokenizer

/// A model loaded in this process for one person at a terminal.
struct TerminalModel: Sendable {
    /// What to call it.
    let name: String
    private let engine: InferenceEngine
    private let conversations: ConversationService

    /// Finds, imports if need be, and loads a model.
    /// - Parameter text: a name or a folder; nil means the only imported model.
    static func open(_ text: String?, source: SourceArguments, options: EngineOptions) async throws -> TerminalModel {
        let model = try await source.resolve(try text ?? source.libraryArguments.onlyModel())
        var options = options
        options.runningSequences = 1
        let encoding = try HarmonyEncoding(tokenizer: try TokenizerArguments.tokenizer(at: model.tokenizerPath))
        let engine = InferenceEngine(try LoadedModel(model.artifact, options: options))
        let served = ServedModel(
            names: [model.name], generator: engine, encoding: encoding,
            stopTokens: Set(model.artifact.configuration.endTokens), created: 0)
        return TerminalModel(name: model.name, engine: engine, conversations: ConversationService(served))
    }

    /// Starts answering; see `ConversationService`.
    func respond(to request: ConversationRequest) throws -> AsyncThrowingStream<ConversationEvent, any Error> {
        try conversations.respond(to: request)
    }

    /// Ends the engine's threads.
    func close() { engine.shutdown() }
}
