import APISupport
import Checkpoint
import Conversation
import Harmony
import Inference
import ModelImport
import ModelLibrary
import OutcropNumerics
import Tokenizer

/// A model loaded into this process and ready to answer.
struct OpenModel: Sendable {
    /// What the conversations and the server use.
    let served: ServedModel
    private let engine: InferenceEngine
    private let byteCount: Int

    /// Maps a model's weights and starts its engine.
    /// - Parameter names: what requests call it; at least one.
    /// - Throws: what is wrong with the artifact, its tokenizer or the options.
    init(_ model: ResolvedModel, names: [String], options: EngineOptions) throws {
        let encoding = try HarmonyEncoding(tokenizer: try TokenizerArguments.tokenizer(at: model.tokenizerPath))
        let loaded = try LoadedModel(model.artifact, options: options)
        byteCount = model.artifact.file.byteCount + loaded.keyValueBytes
        engine = try InferenceEngine(loaded)
        served = ServedModel(
            id: model.manifest?.id ?? ModelIdentifier.derived(from: model.name), names: names, generator: engine,
            encoding: encoding,
            stopTokens: Set(model.artifact.configuration.endTokens), created: model.manifest?.unixSeconds ?? 0,
            units: CustomModelUnits.perCopy(artifactByteCount: model.artifact.file.byteCount))
    }

    /// Ends the engine's threads. Requests in progress end with an error.
    func close() { engine.shutdown() }

    /// The model as a server wants it.
    var opened: OpenedModel {
        OpenedModel(served: served, byteCount: byteCount) { [engine] in
            // Why a thread: shutting down waits for the engine's.
            try? await onOwnThread { engine.shutdown() }
        }
    }
}
