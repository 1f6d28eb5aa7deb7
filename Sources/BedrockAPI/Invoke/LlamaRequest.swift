import APISupport
import Conversation
import Generation
import JSON
import OpenAIWire
import Tokenizer

/// A body in the dialect of Llama models on Bedrock: `prompt`, `max_gen_len`, `temperature`, `top_p`.
struct LlamaRequest: Sendable {
    /// What is asked.
    var completion: TextCompletionRequest

    init(_ fields: Fields, id: String, model: ServedModel) throws(OpenAIError) {
        let prompt = try fields.required("prompt") { key throws(OpenAIError) in try fields.string(key) }
        let ids = model.tokenizer.encode(prompt, allowedSpecial: .all)
        guard !ids.isEmpty else { throw fields.outOfRange("prompt", "an empty prompt", allowed: "at least one token") }
        if try fields.bool("return_logprobs") ?? false {
            throw fields.unsupported(
                "return_logprobs", "'return_logprobs' is not supported: use 'max_tokens' and 'logprobs' instead.")
        }
        completion = TextCompletionRequest(id: id, prompt: ids)
        completion.maximumTokens = try fields.int("max_gen_len", in: 1...Int.max)
        // Why these: the dialect's defaults, which differ from OpenAI's.
        completion.sampling.temperature = Float(try fields.double("temperature", in: 0...1) ?? 0.5)
        completion.sampling.topP = max(Float(try fields.double("top_p", in: 0...1) ?? 0.9), 1e-6)
    }
}

/// Writes the events of an answer in the same dialect: `generation`, token counts, `stop_reason`.
struct LlamaChunks: ChunkWriter {
    private var text = ""
    private var reason: ConversationSummary.Reason?
    private(set) var usage: TokenUsage

    init(_ request: LlamaRequest) {
        usage = TokenUsage(promptTokens: request.completion.prompt.count)
    }

    func begin() -> [[UInt8]] { [] }

    mutating func encode(_ event: TextCompletionEvent, source: Int) -> [[UInt8]] {
        text = ""
        switch event {
        case .promptProgress, .promptLogprobs: return []
        case .text, .finished: add(event)
        }
        return [json()]
    }

    func end() -> [[UInt8]] { [] }

    /// Takes the next event of a whole answer.
    mutating func add(_ event: TextCompletionEvent) {
        switch event {
        case .promptProgress, .promptLogprobs: break
        case .text(let more, _): text += more
        case .finished(let summary):
            reason = summary.reason
            usage = summary.usage
        }
    }

    /// The object as it is now; counts of generated tokens are known when the answer is complete.
    func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "{\"generation\":")
        writer.append(string: text)
        writer.append(raw: ",\"prompt_token_count\":")
        writer.append(usage.promptTokens)
        writer.append(raw: ",\"generation_token_count\":")
        if reason == nil { writer.append(raw: "null") } else { writer.append(usage.completionTokens) }
        writer.append(raw: ",\"stop_reason\":")
        writer.append(optional: reason?.name)
        writer.append(raw: "}")
        return writer.bytes
    }
}
