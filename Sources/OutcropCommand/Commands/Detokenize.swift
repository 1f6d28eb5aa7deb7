import ArgumentParser
import Foundation
import Tokenizer

/// `outcrop detokenize`: token ids become text.
struct Detokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn token ids into text.",
        discussion: """
            Reads standard input. Without --jsonl it holds ids, as a JSON array or separated by spaces or commas, and their bytes \
            come out. With --jsonl every line {"ids": […]} is answered at once with {"text": …, "bytes_hex": …}, a bad line with \
            {"error": …}, and the exit code is 0.

            Examples:
              echo "[24912, 2375]" | outcrop detokenize
              echo '{"ids": [24912, 2375]}' | outcrop detokenize --jsonl

            """ + EnvironmentVariable.help([.data])
    )

    @Flag(help: "Read and write JSON lines.")
    var jsonl = false

    @OptionGroup var tokenizer: TokenizerArguments

    func run() throws {
        let tokenizer = try tokenizer.tokenizer()
        if jsonl {
            let lines = TokenizerLines(tokenizer)
            JSONLines.serve { lines.decode(line: $0) }
            return
        }
        var input = LineReader()
        let text = String(decoding: input.rest(), as: UTF8.self)
        let ids = try text.split { $0.isWhitespace || ",[]".contains($0) }.map { word in
            guard let id = Int32(word) else { throw CommandFailure("'\(word)' is no token id") }
            return id
        }
        writeOutput(bytes: Data(try tokenizer.decode(ids)))
    }
}
