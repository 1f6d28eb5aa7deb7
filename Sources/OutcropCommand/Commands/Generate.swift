import ArgumentParser
import Checkpoint
import Generation
import Inference
import JSON
import ModelImport
import ModelLibrary

/// `outcrop generate`: greedy token ids, for comparing engines and checkpoints.
struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continue token ids greedily and print the new ids.",
        discussion: """
            Prints one JSON array of the sampled ids, such as [17,4,99]. It goes on past tokens that would end a conversation, \
            unless --stop is given.

            Example:
              outcrop generate --model gpt-oss --tokens 1,2,3 --max-tokens 16 --precision f32

            """ + EnvironmentVariable.help([.data, .instructionSet])
    )

    @OptionGroup var model: ModelArguments

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Token ids of the prompt, such as 1,2,3.", valueName: "ids"),
        transform: TokenList.init(argument:))
    var tokens: TokenList

    @Option(parsing: .unconditional, help: ArgumentHelp("How many tokens to generate at most.", valueName: "count"))
    var maxTokens: Int

    @Flag(help: "Stop after a token that ends the model's turn.")
    var stop = false

    @OptionGroup var engine: EngineArguments

    func validate() throws {
        if maxTokens < 0 { throw ValidationError("--max-tokens must not be negative") }
    }

    func run() async throws {
        let artifact = try await model.resolve().artifact
        let engine = try InferenceEngine(LoadedModel(artifact, options: engine.options))
        defer { engine.shutdown() }
        let request = GenerationRequest(
            id: "generate", prompt: tokens.ids, sampling: .greedy, maximumTokens: maxTokens,
            stopTokens: Set(artifact.configuration.endTokens), ignoresStopTokens: !stop)
        var ids: [Int32] = []
        for try await event in try engine.generate(request) {
            if case .token(let token) = event { ids.append(token.id) }
        }
        writeOutput(JSONValue.array(ids.map { .number(JSONNumber(Int($0))) }).serialized() + "\n")
    }
}
