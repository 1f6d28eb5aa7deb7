import APISupport

/// Amazon Bedrock's runtime API: its routes, put together.
public struct BedrockDoor: Sendable {
    private let context: RuntimeContext

    /// - Parameters:
    ///   - pool: what is served, by name or imported-model ARN.
    ///   - keepAlive: how long nothing may happen on a stream before an event is sent that clients skip.
    public init(_ pool: ModelPool, metrics: Metrics, keepAlive: Duration = .seconds(15)) {
        context = RuntimeContext(pool: pool, metrics: GenerationMetrics(metrics), keepAlive: keepAlive)
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
            ],
            services: ["bedrock"])
    }
}
