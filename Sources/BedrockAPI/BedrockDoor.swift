import APISupport

/// Amazon Bedrock's runtime API: its routes, put together.
public struct BedrockDoor: Sendable {
    private let context: RuntimeContext

    /// - Parameter directory: what is served, by name or imported-model ARN.
    public init(_ directory: ModelDirectory, metrics: Metrics) {
        context = RuntimeContext(directory: directory, metrics: GenerationMetrics(metrics))
    }

    /// The door for the server's responder.
    public var door: Door {
        Door(
            routes: Invoke(context: context).routes + Converse(context: context).routes
                + CountTokens(context: context).routes + ImportedModelRoutes(context: context).routes,
            errors: BedrockErrorRenderer(),
            folders: [
                "model", "imported-models", "foundation-models", "custom-models", "model-import-jobs", "tagResource",
                "untagResource", "listTagsForResource",
            ])
    }
}
