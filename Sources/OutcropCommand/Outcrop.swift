import ArgumentParser

/// The command line's root: names the product and lists the commands by what a person wants to do.
@main
struct Outcrop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outcrop",
        abstract: "Run OpenAI's open-weight gpt-oss models, original or fine-tuned, on the machine you have.",
        discussion: """
            Bring a checkpoint; Outcrop checks it, converts it once and serves it on the APIs of OpenAI and \
            Amazon Bedrock.

              outcrop validate ./gpt-oss-20b                # what is wrong with it
              outcrop import ./gpt-oss-20b --name gpt-oss   # convert it once
              outcrop chat gpt-oss                          # talk to it
              outcrop serve                                 # http://127.0.0.1:8080/v1

            Exit codes: 0 success, 1 failure or findings, 64 wrong usage.

            """ + EnvironmentVariable.help(EnvironmentVariable.allCases),
        version: Product.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Models",
                subcommands: [Validate.self, Import.self, Models.self, Show.self, Remove.self, Jobs.self]),
            CommandGroup(name: "Talking", subcommands: [Chat.self, Run.self, Serve.self]),
            CommandGroup(name: "Operating", subcommands: [Keys.self, UsageCommand.self]),
            CommandGroup(
                name: "Tokens and numbers",
                subcommands: [Tokenize.self, Detokenize.self, HarmonyCommands.self, Logits.self, Generate.self]),
            CommandGroup(name: "Measuring", subcommands: [Synth.self, Bench.self]),
        ]
    )
}
