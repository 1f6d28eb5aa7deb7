import Generation
import JSON
import Tokenizer

/// Log-probabilities in the completions API's shape: parallel arrays `tokens`, `token_logprobs`, `top_logprobs` (an object per
/// token) and `text_offset` (in code points).
struct LegacyLogprobs: Sendable {
    private let tokenizer: BytePairTokenizer
    /// How many of the most likely tokens were asked for.
    private let count: Int
    private let showsSpecialTokens: Bool
    private var tokens: [(id: Int32, logprob: TokenLogprob?, offset: Int)] = []
    private var offset = 0

    /// - Parameter showsSpecialTokens: whether control tokens of the completion are part of its text.
    init(tokenizer: BytePairTokenizer, count: Int, showsSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.count = count
        self.showsSpecialTokens = showsSpecialTokens
    }

    /// Adds the prompt's tokens.
    mutating func add(prompt: [Int32], _ logprobs: [TokenLogprob?]) {
        for (index, id) in prompt.enumerated() {
            add(id, logprobs.indices.contains(index) ? logprobs[index] : nil, isShown: true)
        }
    }

    /// Adds tokens of the completion.
    mutating func add(_ logprobs: [TokenLogprob]) {
        for logprob in logprobs {
            add(logprob.id, logprob, isShown: showsSpecialTokens || !tokenizer.isSpecial(logprob.id))
        }
    }

    private mutating func add(_ id: Int32, _ logprob: TokenLogprob?, isShown: Bool) {
        tokens.append((id, logprob, offset))
        guard isShown else { return }
        // Why lead bytes: a scalar that several tokens share counts with the first.
        offset += (tokenizer.bytes(of: id) ?? []).count { $0 & 0xC0 != 0x80 }
    }

    /// Returns what was added, and forgets it; offsets go on.
    mutating func take() -> LegacyLogprobs {
        let result = self
        tokens = []
        return result
    }

    func write(to writer: inout JSONWriter) {
        writer.append(raw: "{\"tokens\":")
        writer.append(list: tokens) { $0.append(string: text($1.id)) }
        writer.append(raw: ",\"token_logprobs\":")
        writer.append(list: tokens) { writer, token in
            if let logprob = token.logprob {
                writer.append(logprob: logprob.logprob)
            } else {
                writer.append(raw: "null")
            }
        }
        writer.append(raw: ",\"top_logprobs\":")
        if count == 0 {
            writer.append(raw: "null")
        } else {
            writer.append(list: tokens) { writeTop($1.logprob, to: &$0) }
        }
        writer.append(raw: ",\"text_offset\":")
        writer.append(list: tokens) { $0.append($1.offset) }
        writer.append(raw: "}")
    }

    /// The most likely tokens, and the token itself if it is none of them.
    private func writeTop(_ logprob: TokenLogprob?, to writer: inout JSONWriter) {
        guard let logprob else { return writer.append(raw: "null") }
        var entries = logprob.top
        if !entries.contains(where: { $0.id == logprob.id }) {
            entries.append(.init(id: logprob.id, logprob: logprob.logprob))
        }
        writer.append(raw: "{")
        for (index, entry) in entries.enumerated() {
            if index > 0 { writer.append(raw: ",") }
            writer.append(string: text(entry.id))
            writer.append(raw: ":")
            writer.append(logprob: entry.logprob)
        }
        writer.append(raw: "}")
    }

    /// A token's text; one that is no text by itself as OpenAI writes it, `bytes:\xe2\x98`, so that different tokens have different
    /// keys.
    private func text(_ id: Int32) -> String {
        let bytes = tokenizer.bytes(of: id) ?? []
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let digits = Array("0123456789abcdef".unicodeScalars)
        var result = "bytes:"
        for byte in bytes {
            result += "\\x"
            result.unicodeScalars.append(digits[Int(byte >> 4)])
            result.unicodeScalars.append(digits[Int(byte & 15)])
        }
        return result
    }
}
