import APISupport
import Conversation
import Generation

/// OpenAI's API: its routes, put together.
public struct OpenAIDoor: Sendable {
    /// What the door needs to know.
    public struct Options: Sendable {
        /// The date that models are told when a request says none.
        public var date: CalendarDate
        /// How long nothing may happen on a stream before a comment is sent.
        public var keepAlive: Duration
        /// Tokens of earlier turns remembered per model.
        public var memoryTokens: Int

        /// The defaults of the server.
        public init(date: CalendarDate, keepAlive: Duration = .seconds(15), memoryTokens: Int = 4 << 20) {
            self.date = date
            self.keepAlive = keepAlive
            self.memoryTokens = memoryTokens
        }
    }

    private let context: AnswerContext

    /// - Parameter models: what is served; a request without a `model` gets the first.
    public init(models: [ServedModel], options: Options, metrics: Metrics) {
        context = AnswerContext(
            directory: ModelDirectory(models: models, memoryTokens: options.memoryTokens, date: options.date),
            metrics: GenerationMetrics(metrics), keepAlive: options.keepAlive)
    }

    /// The door for the server's responder.
    public var door: Door {
        Door(
            routes: ChatCompletions(context: context).routes + Completions(context: context).routes
                + ModelRoutes(directory: context.directory).routes
                + TokenizeRoutes(directory: context.directory).routes,
            errors: OpenAIErrorRenderer())
    }
}
