import ArgumentParser
import Conversation
import Generation
import Harmony

extension ReasoningEffort: ExpressibleByArgument {}

/// How a model answers in the terminal; shared by `chat` and `run`.
struct AnswerArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Instructions for the model.", valueName: "text"))
    var system: String?

    @Option(help: ArgumentHelp("How hard the model thinks (default: medium).", valueName: "effort"))
    var effort: ReasoningEffort?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "0 always takes the most likely token; 1 is what the models are made for.", valueName: "number"))
    var temperature: Float = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Keep only the most likely tokens that sum up to this probability.", valueName: "number"))
    var topP: Float = 1

    @Option(parsing: .unconditional, help: ArgumentHelp("Fixes the random choices.", valueName: "number"))
    var seed: UInt64?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The most tokens of an answer, reasoning included.", valueName: "count"))
    var maxTokens: Int?

    @Option(help: ArgumentHelp("The date that the model is told, as YYYY-MM-DD (default: today).", valueName: "date"))
    var date: String?

    @Flag(inversion: .prefixedNo, help: "Show the model's reasoning, dimmed, on standard error.")
    var reasoning: Bool?

    func validate() throws {
        if !(0...2).contains(temperature) { throw ValidationError("--temperature must be 0 to 2") }
        if !(topP > 0 && topP <= 1) { throw ValidationError("--top-p must be above 0 and at most 1") }
        if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1") }
        if let date, CalendarDate(date) == nil { throw ValidationError("'\(date)' is no date: write it as YYYY-MM-DD") }
    }

    /// The messages that stand before the first question.
    var instructions: [ConversationMessage] { system.map { [ConversationMessage(.system, $0)] } ?? [] }

    /// What to ask the model.
    func request(_ messages: [ConversationMessage], effort: ReasoningEffort?) -> ConversationRequest {
        ConversationRequest(
            id: "terminal", messages: messages, effort: effort,
            sampling: SamplingParameters(temperature: temperature, topP: topP, seed: seed), maximumTokens: maxTokens,
            date: date)
    }
}
