import APISupport

/// Amazon Bedrock's API: its routes, put together.
public struct BedrockDoor: Sendable {
    private let context: RuntimeContext
    private let controlPlane: ControlPlane?

    /// - Parameters:
    ///   - pool: what is served, by name or imported-model ARN.
    ///   - keepAlive: how long nothing may happen on a stream before an event is sent that clients skip.
    ///   - controlPlane: imported models and import jobs; nil for a server without a data folder.
    public init(
        _ pool: ModelPool, controlPlane: ControlPlane? = nil, metrics: GenerationMetrics,
        keepAlive: Duration = .seconds(15)
    ) {
        self.controlPlane = controlPlane
        context = RuntimeContext(pool: pool, metrics: metrics, keepAlive: keepAlive)
    }

    /// The door for the server's responder.
    public var door: Door {
        Door(
            routes: Invoke(context: context).routes + Converse(context: context).routes
                + CountTokens(context: context).routes + (controlPlane?.routes ?? []),
            errors: BedrockErrorRenderer(),
            folders: ["model"] + ControlPlane.folders, services: ["bedrock"])
    }
}
