import Conversation
import Generation
import JSON
import Tokenizer

/// One answer to one prompt, as far as it is known.
struct CompletionChoice: Sendable {
    private let prompt: [Int32]
    /// The prompt's text until it is passed on; nil if it is not wanted.
    private var echo: String?
    private(set) var text = ""
    private var logprobs: LegacyLogprobs?
    private(set) var summary: ConversationSummary?
    private var sum: Float = 0
    private var count: Float = 0

    init(_ request: CompletionRequest, prompt: [Int32], tokenizer: BytePairTokenizer) {
        self.prompt = prompt
        echo =
            request.echoes
            ? String(decoding: prompt.flatMap { tokenizer.bytes(of: $0) ?? [] }, as: UTF8.self) : nil
        let wanted = request.template.topLogprobs ?? request.template.promptLogprobs
        logprobs =
            request.hasLogprobs
            ? wanted.map {
                LegacyLogprobs(
                    tokenizer: tokenizer, count: $0, showsSpecialTokens: request.template.showsSpecialTokens)
            } : nil
    }

    /// The mean log-probability of the generated tokens, by which the best answers are chosen.
    var meanLogprob: Float { count == 0 ? -.infinity : sum / count }

    /// Takes the next event.
    mutating func add(_ event: TextCompletionEvent) {
        switch event {
        case .promptProgress: return
        case .promptLogprobs(let tokens): if echo != nil { logprobs?.add(prompt: prompt, tokens) }
        case .text(let more, let tokens):
            passEcho()
            text += more
            logprobs?.add(tokens)
            sum += tokens.reduce(0) { $0 + $1.logprob }
            count += Float(tokens.count)
        case .finished(let summary):
            passEcho()
            self.summary = summary
        }
    }

    /// Appends the choice as it is now.
    func write(_ index: Int, to writer: inout JSONWriter) {
        writer.append(raw: "{\"index\":")
        writer.append(index)
        writer.append(raw: ",\"text\":")
        writer.append(string: text)
        writer.append(raw: ",\"logprobs\":")
        if let logprobs { logprobs.write(to: &writer) } else { writer.append(raw: "null") }
        writer.append(raw: ",\"finish_reason\":")
        writer.append(optional: summary?.reason.name)
        writer.append(raw: "}")
    }

    /// Forgets what was written, so that only what comes next is written next.
    mutating func forgetWritten() {
        text = ""
        _ = logprobs?.take()
    }

    private mutating func passEcho() {
        text += echo ?? ""
        echo = nil
    }
}
