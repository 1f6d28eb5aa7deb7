import APISupport
import OpenAIWire

/// OpenAI's API: its routes, put together.
public struct OpenAIDoor: Sendable {
    private let context: AnswerContext

    /// - Parameters:
    ///   - pool: what is served.
    ///   - keepAlive: how long nothing may happen on a stream before a comment is sent.
    public init(_ pool: ModelPool, metrics: GenerationMetrics, keepAlive: Duration = .seconds(15)) {
        context = AnswerContext(
            pool: pool, metrics: metrics, keepAlive: keepAlive)
    }

    /// The door for the server's responder.
    public var door: Door {
        let routes =
            ChatCompletions(context: context).routes + Completions(context: context).routes
            + ModelRoutes(pool: context.pool).routes
        // Why twice: Amazon Bedrock has the same routes below /openai.
        return Door(
            routes: routes + routes.map { $0.below("/openai") } + TokenizeRoutes(pool: context.pool).routes,
            errors: OpenAIErrorRenderer(), folders: ["openai", "v1"],
            services: ["bedrock"])
    }
}
