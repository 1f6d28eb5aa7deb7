import Checkpoint
import Conversation
import Foundation
import Harmony
import Inference
import ModelImport
import ModelLibrary
import Tokenizer

/// A model loaded into this process and ready to answer.
struct OpenModel: Sendable {
    /// What the conversations and the server use.
    let served: ServedModel
    private let engine: InferenceEngine

    /// Maps a model's weights and starts its engine.
    /// - Parameter names: what requests call it; at least one.
    /// - Throws: what is wrong with the artifact, its tokenizer or the options.
    init(_ model: ResolvedModel, names: [String], options: EngineOptions) throws {
        let encoding = try HarmonyEncoding(tokenizer: try TokenizerArguments.tokenizer(at: model.tokenizerPath))
        engine = InferenceEngine(try LoadedModel(model.artifact, options: options))
        served = ServedModel(
            id: model.manifest?.id ?? ModelIdentifier.derived(from: model.name), names: names, generator: engine,
            encoding: encoding,
            stopTokens: Set(model.artifact.configuration.endTokens), created: Self.created(model.manifest))
    }

    /// Ends the engine's threads. Requests in progress end with an error.
    func close() { engine.shutdown() }

    /// When the model was imported, in seconds since 1970; 0 when that is not known.
    private static func created(_ manifest: Manifest?) -> Int {
        guard let manifest, let date = try? Date(manifest.created, strategy: .iso8601) else { return 0 }
        return Int(date.timeIntervalSince1970)
    }
}
