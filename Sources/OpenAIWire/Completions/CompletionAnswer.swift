import APISupport
import Conversation
import JSON
import Tokenizer

/// Gathers the events of all answers into one `text_completion` object.
///
/// Sources are numbered prompt by prompt, `bestOf` each.
package struct CompletionAnswer: Sendable {
    private let head: AnswerHead
    private let request: CompletionRequest
    private var choices: [CompletionChoice]

    /// No events yet.
    package init(_ head: AnswerHead, _ request: CompletionRequest, tokenizer: BytePairTokenizer) {
        self.head = head
        self.request = request
        choices = request.prompts.flatMap { prompt in
            Array(
                repeating: CompletionChoice(request, prompt: prompt, tokenizer: tokenizer), count: request.bestOf)
        }
    }

    /// Takes the next event of a source.
    package mutating func add(_ event: TextCompletionEvent, source: Int) { choices[source].add(event) }

    /// The object, with the best answers of each prompt.
    package func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "{")
        writer.append(raw: head.fields(object: "text_completion"))
        writer.append(raw: ",\"choices\":")
        writer.append(list: Array(best().enumerated())) { $1.element.write($1.offset, to: &$0) }
        writer.append(raw: ",\"usage\":")
        writer.append(usage, hasReasoning: false)
        writer.append(raw: "}")
        return writer.bytes
    }

    private func best() -> [CompletionChoice] {
        stride(from: 0, to: choices.count, by: request.bestOf).flatMap { start in
            let candidates = choices[start..<(start + request.bestOf)]
            guard request.bestOf > request.choices else { return Array(candidates) }
            return Array(candidates.sorted { $0.meanLogprob > $1.meanLogprob }.prefix(request.choices))
        }
    }

    /// The usage of all answers.
    package var usage: TokenUsage {
        CompletionAnswer.usage(choices.compactMap(\.summary?.usage), answersPerPrompt: request.bestOf)
    }

    /// The usage of several prompts with several answers each; a prompt counts once.
    static func usage(_ usages: [TokenUsage], answersPerPrompt: Int) -> TokenUsage {
        var total = TokenUsage.zero
        for start in stride(from: 0, to: usages.count, by: answersPerPrompt) {
            let prompt = TokenUsage(choices: Array(usages[start..<min(start + answersPerPrompt, usages.count)]))
            total.promptTokens += prompt.promptTokens
            total.cachedTokens += prompt.cachedTokens
            total.completionTokens += prompt.completionTokens
        }
        return total
    }
}

/// Writes the events of all answers as `text_completion` chunks.
package struct CompletionChunks: ChunkWriter {
    private let prefix: [UInt8]
    private let request: CompletionRequest
    private var choices: [CompletionChoice]

    /// No events yet.
    package init(_ head: AnswerHead, _ request: CompletionRequest, tokenizer: BytePairTokenizer) {
        self.request = request
        prefix = Array("{".utf8) + head.fields(object: "text_completion") + Array(",\"choices\":[".utf8)
        choices = request.prompts.flatMap { prompt in
            Array(
                repeating: CompletionChoice(request, prompt: prompt, tokenizer: tokenizer), count: request.bestOf)
        }
    }

    /// Nothing: there is no text yet.
    package mutating func begin() -> [[UInt8]] { [] }

    /// The chunk of an event.
    package mutating func encode(_ event: TextCompletionEvent, source: Int) -> [[UInt8]] {
        choices[source].add(event)
        switch event {
        case .promptProgress, .promptLogprobs: return []
        case .text, .finished: break
        }
        var writer = JSONWriter()
        writer.append(raw: prefix)
        choices[source].write(source, to: &writer)
        writer.append(raw: request.stream.includesUsage ? "],\"usage\":null}" : "]}")
        choices[source].forgetWritten()
        return [writer.bytes]
    }

    /// The usage, if it was asked for.
    package mutating func end() -> [[UInt8]] {
        guard request.stream.includesUsage else { return [] }
        var writer = JSONWriter()
        writer.append(raw: prefix)
        writer.append(raw: "],\"usage\":")
        writer.append(usage, hasReasoning: false)
        writer.append(raw: "}")
        return [writer.bytes]
    }

    /// The usage of what has come so far.
    package var usage: TokenUsage {
        CompletionAnswer.usage(choices.compactMap(\.summary?.usage), answersPerPrompt: request.bestOf)
    }
}
