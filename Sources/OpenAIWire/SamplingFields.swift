import APISupport
import Generation
import JSON

/// Reads the fields of a JSON object with OpenAI's errors.
package typealias Fields = JSONFields<OpenAIError>

extension Fields {
    /// The sampling parameters that chat and completions share, with OpenAI's ranges and defaults, and vLLM's additions.
    package func sampling(_ limits: GeneratorLimits) throws(OpenAIError) -> SamplingParameters {
        var result = SamplingParameters()
        if let value = try double("temperature", in: 0...2) { result.temperature = Float(value) }
        // Why not 0: nothing would be left to choose from; the smallest set is the most likely token.
        if let value = try double("top_p", in: 0...1) { result.topP = max(Float(value), 1e-6) }
        if let value = try int("top_k", in: -1...Int.max) { result.topK = max(0, min(value, limits.vocabularySize)) }
        if let value = try double("min_p", in: 0...1) { result.minP = Float(value) }
        if let value = try double("presence_penalty", in: -2...2) { result.presencePenalty = Float(value) }
        if let value = try double("frequency_penalty", in: -2...2) { result.frequencyPenalty = Float(value) }
        if let value = try double("repetition_penalty", in: 0.01...10) { result.repetitionPenalty = Float(value) }
        if let value = try int("seed", in: Int.min...Int.max) { result.seed = UInt64(bitPattern: Int64(value)) }
        if let value = try int("min_tokens", in: 0...Int.max) { result.minimumTokens = value }
        result.logitBias = try logitBias(limits)
        return result
    }

    private func logitBias(_ limits: GeneratorLimits) throws(OpenAIError) -> [Int32: Float] {
        guard let bias = try object("logit_bias") else { return [:] }
        var result: [Int32: Float] = [:]
        for (key, _) in bias.entries {
            guard let id = Int32(key), id >= 0, Int(id) < limits.vocabularySize else {
                throw outOfRange(
                    "logit_bias", "the key '\(key)'", allowed: "token ids from 0 to \(limits.vocabularySize - 1)")
            }
            if let value = try bias.double(key, in: -100...100) { result[id] = Float(value) }
        }
        return result
    }

    /// `stop_token_ids`: ids that end the answer besides the model's own.
    func stopTokens(_ limits: GeneratorLimits) throws(OpenAIError) -> Set<Int32> {
        var result: Set<Int32> = []
        for (index, element) in (try array("stop_token_ids") ?? []).enumerated() {
            guard let id = element.intValue, id >= 0, id < limits.vocabularySize else {
                throw outOfRange(
                    "stop_token_ids[\(index)]", element.serialized(),
                    allowed: "a token id from 0 to \(limits.vocabularySize - 1)")
            }
            result.insert(Int32(id))
        }
        return result
    }

    /// `stop`: a text or up to four.
    package func stopTexts() throws(OpenAIError) -> [String] {
        guard let value = value("stop") else { return [] }
        if let text = value.stringValue { return try checked([text]) }
        guard let elements = value.arrayValue else { throw wrongType("stop", "a string or an array of strings", value) }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard let text = element.stringValue else { throw wrongType("stop[\(index)]", "a string", element) }
            texts.append(text)
        }
        return try checked(texts)
    }

    private func checked(_ texts: [String]) throws(OpenAIError) -> [String] {
        guard texts.count <= 4 else {
            throw outOfRange("stop", "an array of \(texts.count) strings", allowed: "at most 4 strings")
        }
        if let index = texts.firstIndex(where: \.utf8.isEmpty) {
            throw outOfRange(texts.count == 1 ? "stop" : "stop[\(index)]", "an empty string", allowed: "some text")
        }
        return texts
    }
}
