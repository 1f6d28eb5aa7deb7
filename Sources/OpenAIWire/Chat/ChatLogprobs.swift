import Generation
import JSON
import Tokenizer

/// Writes log-probabilities in the chat API's shape: `{"token", "logprob", "bytes", "top_logprobs"}`.
package struct ChatLogprobs: Sendable {
    private let tokenizer: BytePairTokenizer

    /// - Parameter tokenizer: what the tokens mean.
    package init(tokenizer: BytePairTokenizer) { self.tokenizer = tokenizer }

    /// Appends `{"content": […], "refusal": null}`.
    func write(_ tokens: [TokenLogprob], to writer: inout JSONWriter) {
        writer.append(raw: "{\"content\":")
        writer.append(list: tokens) { writer, token in
            writer.append(raw: "{")
            writeToken(token.id, token.logprob, to: &writer)
            writer.append(raw: ",\"top_logprobs\":")
            writer.append(list: token.top) { writer, candidate in
                writer.append(raw: "{")
                writeToken(candidate.id, candidate.logprob, to: &writer)
                writer.append(raw: "}")
            }
            writer.append(raw: "}")
        }
        writer.append(raw: ",\"refusal\":null}")
    }

    private func writeToken(_ id: Int32, _ logprob: Float, to writer: inout JSONWriter) {
        let bytes = tokenizer.bytes(of: id) ?? []
        writer.append(raw: "\"token\":")
        writer.append(string: String(decoding: bytes, as: UTF8.self))
        writer.append(raw: ",\"logprob\":")
        writer.append(logprob: logprob)
        writer.append(raw: ",\"bytes\":")
        writer.append(list: bytes) { $0.append(Int($1)) }
    }
}
