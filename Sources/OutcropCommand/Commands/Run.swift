import ArgumentParser
import Conversation
import Foundation
import JSON

/// `outcrop run`: one question, one answer.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a model one question and print its answer.",
        discussion: """
            Made for pipes: standard output is the answer alone. The reasoning goes to standard error, dimmed, when that is a \
            terminal or --reasoning is given. Without a prompt, or with -, the prompt is read from standard input, which is not read \
            otherwise.

            Examples:
              outcrop run gpt-oss "What is a safetensors file?"
              git diff | outcrop run gpt-oss - --system "Write a commit message for this diff."
              outcrop run gpt-oss "List three colours." --json | jq -r .content

            """ + EnvironmentVariable.help([.data, .instructionSet, .noColor])
    )

    @Argument(help: "An imported model, or a checkpoint's folder.")
    var model: String

    @Argument(help: "What to ask; - or nothing reads it from standard input.")
    var prompt: String?

    @Flag(help: "Print one JSON object with content, reasoning, finish_reason and usage.")
    var json = false

    @OptionGroup var answers: AnswerArguments

    @OptionGroup var source: SourceArguments

    @OptionGroup var engine: EngineArguments

    func run() async throws {
        let text = try question()
        let model = try await TerminalModel.open(model, source: source, options: engine.options)
        defer { model.close() }
        let request = answers.request(
            answers.instructions + [ConversationMessage(.user, text)], effort: answers.effort)
        let showsReasoning = answers.reasoning ?? (TerminalStyle.standardError.isTerminal && !json)
        let answer = await Answer.read(
            request, from: model, printer: TurnPrinter(showsReasoning: showsReasoning, showsContent: !json))
        if let failure = answer.failure { throw failure }
        if answer.summary?.reason == .length { writeError("outcrop: the answer is cut: \(limitReached)\n") }
        if json { writeOutput(answer.json(model: model.name).serialized(pretty: true) + "\n") }
    }

    private var limitReached: String {
        answers.maxTokens.map { "it reached --max-tokens \($0), reasoning included" }
            ?? "it reached the end of the context (--max-model-len)"
    }

    private func question() throws -> String {
        if let prompt, prompt != "-" {
            if prompt.trimmed.isEmpty { throw ValidationError("the prompt is empty") }
            return prompt
        }
        if prompt == nil, TerminalStyle.isInputTerminal {
            throw ValidationError("say what to ask: outcrop run \(model) \"…\"")
        }
        var input = LineReader()
        let text = String(decoding: input.rest(), as: UTF8.self)
        if text.trimmed.isEmpty { throw CommandFailure("standard input holds no prompt") }
        return text.utf8.last == UInt8(ascii: "\n") ? String(text.dropLast()) : text
    }
}

extension Answer {
    /// The answer for programs.
    func json(model: String) -> JSONValue {
        let usage = summary?.usage
        return .object(
            JSONObject([
                ("model", .string(model)),
                ("content", .string(content)),
                ("reasoning", .string(reasoning)),
                ("finish_reason", summary.map { .string($0.reason.name) } ?? .null),
                (
                    "usage",
                    [
                        "prompt_tokens": JSONValue(usage?.promptTokens ?? 0),
                        "completion_tokens": JSONValue(usage?.completionTokens ?? 0),
                        "reasoning_tokens": JSONValue(usage?.reasoningTokens ?? 0),
                    ]
                ),
            ]))
    }
}
