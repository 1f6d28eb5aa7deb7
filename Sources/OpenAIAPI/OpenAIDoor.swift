import APISupport
import OpenAIWire

/// OpenAI's API: its routes, put together.
public struct OpenAIDoor: Sendable {
    private let context: AnswerContext

    /// - Parameters:
    ///   - directory: what is served; a request without a `model` gets the first.
    ///   - keepAlive: how long nothing may happen on a stream before a comment is sent.
    public init(_ directory: ModelDirectory, metrics: Metrics, keepAlive: Duration = .seconds(15)) {
        context = AnswerContext(
            directory: directory, metrics: GenerationMetrics(metrics), keepAlive: keepAlive)
    }

    /// The door for the server's responder.
    public var door: Door {
        let routes =
            ChatCompletions(context: context).routes + Completions(context: context).routes
            + ModelRoutes(directory: context.directory).routes
        // Why twice: Amazon Bedrock has the same routes below /openai.
        return Door(
            routes: routes + routes.map { $0.below("/openai") } + TokenizeRoutes(directory: context.directory).routes,
            errors: OpenAIErrorRenderer(), folders: ["openai", "v1"])
    }
}
