import APISupport
import Conversation
import Generation
import JSON
import Tokenizer

/// The body of `POST /v1/completions`.
package struct CompletionRequest: Sendable {
    /// What is continued, each prompt once per answer to generate.
    package var prompts: [[Int32]]
    /// Parameters of all of them.
    package var template: TextCompletionRequest
    /// Answers per prompt.
    package var choices: Int
    /// Answers generated per prompt, of which the most likely are returned.
    package var bestOf: Int
    /// Whether the answer begins with the prompt.
    package var echoes: Bool
    /// Whether log-probabilities are wanted.
    package var hasLogprobs: Bool
    /// How it is sent.
    package var stream: StreamOptions

    /// The most prompts of one request.
    static let maximumPrompts = 2048

    /// - Throws: an error that names the first field that is wrong.
    package init(_ fields: Fields, id: String, model: ServedModel) throws(OpenAIError) {
        let limits = model.generator.limits
        if let suffix = try fields.string("suffix"), !suffix.isEmpty {
            throw fields.unsupported("suffix", "'suffix' is not supported: gpt-oss cannot fill in the middle.")
        }
        stream = try StreamOptions(fields)
        prompts = try PromptFields(fields, model: model).prompts()
        choices = try fields.int("n", in: 1...128) ?? 1
        bestOf = try fields.int("best_of", in: 1...128) ?? choices
        echoes = try fields.bool("echo") ?? false
        template = TextCompletionRequest(id: id, prompt: [])
        template.sampling = try fields.sampling(limits)
        template.stop = try fields.stopTexts()
        template.stopTokens = try fields.stopTokens(limits)
        template.ignoresStopTokens = try fields.bool("ignore_eos") ?? false
        template.showsSpecialTokens = !(try fields.bool("skip_special_tokens") ?? true)
        let maximum = try fields.int("max_tokens", in: 0...Int.max) ?? 16
        template.maximumTokens = maximum
        let logprobs = try fields.int("logprobs", in: 0...limits.maximumTopLogprobs)
        hasLogprobs = logprobs != nil
        template.promptLogprobs = echoes ? logprobs : nil
        template.topLogprobs = maximum == 0 ? nil : logprobs ?? (bestOf > choices ? 0 : nil)
        try check(fields, maximum)
    }

    /// One request per prompt and answer, prompt by prompt.
    package var parts: [TextCompletionRequest] {
        var isFirst = true
        return prompts.flatMap { prompt in
            (0..<bestOf).map { choice in
                var part = template
                part.prompt = prompt
                // The first takes the request's place in the queue, and the others come with it.
                part.isAdmitted = !isFirst
                isFirst = false
                part.sampling.seed = part.sampling.seed.map { $0 &+ UInt64(choice) }
                return part
            }
        }
    }

    private func check(_ fields: Fields, _ maximum: Int) throws(OpenAIError) {
        guard maximum > 0 || echoes else {
            throw fields.outOfRange("max_tokens", "0", allowed: "at least 1, or 0 together with 'echo'")
        }
        guard bestOf >= choices else {
            throw fields.outOfRange("best_of", "\(bestOf)", allowed: "at least 'n', which is \(choices)")
        }
        guard prompts.count * bestOf <= Self.maximumPrompts else {
            throw fields.outOfRange(
                "prompt", "\(prompts.count) prompts with \(bestOf) answers each",
                allowed: "at most \(Self.maximumPrompts) answers in all")
        }
        if stream.isStreamed, bestOf > choices {
            throw fields.unsupported("best_of", "'best_of' greater than 'n' cannot be streamed.")
        }
    }
}

/// Reads `prompt`: a text, several, token ids, or several lists of token ids. Control tokens in a text count as such: this
/// endpoint continues what it is given, without a conversation around it.
struct PromptFields {
    private let fields: Fields
    private let model: ServedModel

    init(_ fields: Fields, model: ServedModel) {
        self.fields = fields
        self.model = model
    }

    func prompts() throws(OpenAIError) -> [[Int32]] {
        let value = try fields.required("prompt") { key in fields.value(key) }
        if let text = value.stringValue { return [try nonEmpty(encode(text), "prompt")] }
        guard let elements = value.arrayValue else {
            throw fields.wrongType(
                "prompt", "a string, an array of strings, an array of token ids or an array of those", value)
        }
        guard let first = elements.first else {
            throw fields.outOfRange("prompt", "an empty array", allowed: "at least one prompt or token id")
        }
        if case .number = first { return [try ids(elements, "prompt")] }
        guard elements.count <= CompletionRequest.maximumPrompts else {
            throw fields.outOfRange(
                "prompt", "\(elements.count) prompts", allowed: "at most \(CompletionRequest.maximumPrompts)")
        }
        var result: [[Int32]] = []
        for (index, element) in elements.enumerated() {
            let key = "prompt[\(index)]"
            switch element {
            case .string(let text): result.append(try nonEmpty(encode(text), key))
            case .array(let elements): result.append(try nonEmpty(ids(elements, key), key))
            default: throw fields.wrongType(key, "a string or an array of token ids", element)
            }
        }
        return result
    }

    private func encode(_ text: String) -> [Int32] { model.tokenizer.encode(text, allowedSpecial: .all) }

    private func nonEmpty(_ ids: [Int32], _ key: String) throws(OpenAIError) -> [Int32] {
        guard ids.isEmpty else { return ids }
        throw fields.outOfRange(key, "an empty prompt", allowed: "at least one token")
    }

    private func ids(_ elements: [JSONValue], _ key: String) throws(OpenAIError) -> [Int32] {
        let size = model.generator.limits.vocabularySize
        var ids: [Int32] = []
        ids.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard case .number = element else { throw fields.wrongType("\(key)[\(index)]", "a token id", element) }
            guard let id = element.intValue, id >= 0, id < size else {
                throw fields.outOfRange(
                    "\(key)[\(index)]", element.serialized(), allowed: "a token id from 0 to \(size - 1)")
            }
            ids.append(Int32(id))
        }
        return ids
    }
}
