import ArgumentParser
import Harmony

/// `outcrop harmony`: conversations to tokens and back, as the official library does it.
struct HarmonyCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "harmony",
        abstract: "Render conversations to tokens and parse tokens to messages, as the official library does.",
        discussion: """
            For comparing with openai-harmony: lines of JSON in, lines of JSON out, at once. A bad line is answered with \
            {"error": …}, and the exit code is 0.

            Examples:
              echo '{"conversation": {"messages": [{"role": "user", "content": "hi"}]}}' | outcrop harmony render
              echo '{"role": "assistant", "tokens": [200005, 17196, 200008, 3701, 200002]}' | outcrop harmony parse
            """,
        subcommands: [Render.self, Parse.self]
    )

    /// `outcrop harmony render`.
    struct Render: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn conversations into tokens.",
            discussion: """
                Every line {"fn": "completion" | "conversation" | "training", "conversation": …, "next_role": …, \
                "auto_drop_analysis": …} is answered with {"ids": […], "text": …} or \
                {"error": {"type": …, "message": …}}.

                Example:
                  echo '{"conversation": {"messages": [{"role": "user", "content": "hi"}]}}' | outcrop harmony render
                """
        )

        @OptionGroup var tokenizer: TokenizerArguments

        func run() throws {
            let lines = HarmonyLines(try HarmonyEncoding(tokenizer: try tokenizer.tokenizer()))
            JSONLines.serve { lines.render(bytes: $0) }
        }
    }

    /// `outcrop harmony parse`.
    struct Parse: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn tokens into messages.",
            discussion: """
                Every line {"role": …, "tokens": […], "strict": …} is answered with {"ok": true, "messages": […]} or \
                {"ok": false, "error": {"type": …, "message": …}}.

                Example:
                  echo '{"role": "assistant", "tokens": [200005, 17196, 200008, 3701, 200002]}' | outcrop harmony parse
                """
        )

        @OptionGroup var tokenizer: TokenizerArguments

        func run() throws {
            let lines = HarmonyLines(try HarmonyEncoding(tokenizer: try tokenizer.tokenizer()))
            JSONLines.serve { lines.parse(bytes: $0) }
        }
    }
}
