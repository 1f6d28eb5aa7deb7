import ArgumentParser
import Inference

/// `outcrop chat`: a conversation in the terminal.
struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk to a model in the terminal.",
        discussion: """
            The model runs in this process; no server is needed. Its reasoning is dimmed. Ctrl-C stops an answer, Ctrl-D or /exit \
            ends. Commands in the chat:

            \(ChatInput.commandList)
            Examples:
              outcrop chat gpt-oss
              outcrop chat ./gpt-oss-20b --system "Answer in German." --effort high
              printf 'What is the capital of France?\\nAnd of Peru?\\n' | outcrop chat gpt-oss

            """ + EnvironmentVariable.help([.data, .instructionSet, .noColor])
    )

    @Argument(help: "An imported model, or a checkpoint's folder (default: the only imported model).")
    var model: String?

    @OptionGroup var answers: AnswerArguments

    @OptionGroup var source: SourceArguments

    @OptionGroup var engine: EngineArguments

    func run() async throws {
        let model = try await TerminalModel.open(model, source: source, options: engine.options)
        defer { model.close() }
        try await ChatSession(model: model, answers: answers).run()
    }
}
