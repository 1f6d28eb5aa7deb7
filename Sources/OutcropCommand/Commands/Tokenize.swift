import ArgumentParser
import JSON
import Tokenizer

/// `outcrop tokenize`: text becomes token ids.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn text into token ids.",
        discussion: """
            Reads standard input. Without --jsonl all of it is one text, and one JSON array of ids comes out. With --jsonl every \
            line {"text": …, "allowed_special": "all" | [names] | absent} is answered at once with {"ids": […]}, a bad line \
            with {"error": …}, and the exit code is 0. Bytes that are no UTF-8 count as U+FFFD, as in the official library.

            Examples:
              echo -n "hello world" | outcrop tokenize
              echo '{"text": "<|start|>user", "allowed_special": "all"}' | outcrop tokenize --jsonl
              outcrop tokenize --model ./my-fine-tune < book.txt

            """ + EnvironmentVariable.help([.data])
    )

    @Flag(help: "Read and write JSON lines.")
    var jsonl = false

    @Flag(help: "Let the names of special tokens in plain text stand for them.")
    var special = false

    @OptionGroup var tokenizer: TokenizerArguments

    func run() throws {
        let tokenizer = try tokenizer.tokenizer()
        if jsonl {
            let lines = TokenizerLines(tokenizer)
            JSONLines.serve { lines.encode(line: $0) }
            return
        }
        var input = LineReader()
        let text = input.rest()
        let ids =
            special
            ? tokenizer.encode(String(decoding: text, as: UTF8.self), allowedSpecial: .all)
            : tokenizer.encodeOrdinary(utf8: text)
        writeOutput(JSONValue.array(ids.map { JSONValue(Int($0)) }).serialized() + "\n")
    }
}
