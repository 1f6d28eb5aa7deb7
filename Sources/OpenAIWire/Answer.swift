import APISupport
import Conversation
import Generation
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Whose form of OpenAI's objects an answer has.
package enum AnswerStyle: Sendable {
    /// OpenAI's own.
    case openAI
    /// That of Amazon Bedrock's imported models, which is vLLM's: members that hold nothing are there all the same.
    case importedModel
}

/// What all objects of one answer have in common: id, kind, time, model.
package struct AnswerHead: Sendable {
    let style: AnswerStyle
    let id: String
    let created: Int
    let model: String
    let fingerprint: String

    /// The head of a new answer.
    ///
    /// - Parameters:
    ///   - prefix: how ids of this kind of answer begin.
    ///   - name: the model as the answer calls it.
    package init(prefix: String, model: ServedModel, name: String, style: AnswerStyle = .openAI) {
        self.style = style
        id =
            switch style {
            case .openAI: prefix + randomIdentifier(length: 29)
            case .importedModel: prefix + Self.hexadecimalIdentifier()
            }
        created = Int(Date().timeIntervalSince1970)
        self.model = name
        fingerprint = Self.fingerprint(model)
    }

    /// 32 hexadecimal digits.
    private static func hexadecimalIdentifier() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    /// Changes when the model behind a name does: FNV-1a of its name, its creation time and its size.
    private static func fingerprint(_ model: ServedModel) -> String {
        let text = "\(model.name)/\(model.created)/\(model.contextLength)/\(model.generator.limits.vocabularySize)"
        let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash & 0xFFFF_FFFF_FF, radix: 16)
        return "fp_" + String(repeating: "0", count: 10 - digits.utf8.count) + digits
    }

    /// `"id":…,"object":…,"created":…,"model":…,"system_fingerprint":…`, without braces.
    func fields(object: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "\"id\":")
        writer.append(string: id)
        writer.append(raw: ",\"object\":")
        writer.append(string: object)
        writer.append(raw: ",\"created\":")
        writer.append(created)
        writer.append(raw: ",\"model\":")
        writer.append(string: model)
        writer.append(raw: ",\"system_fingerprint\":")
        writer.append(string: fingerprint)
        return writer.bytes
    }
}

extension JSONWriter {
    /// Appends a `usage` object.
    mutating func append(_ usage: TokenUsage, hasReasoning: Bool = true) {
        append(raw: "{\"prompt_tokens\":")
        append(usage.promptTokens)
        append(raw: ",\"completion_tokens\":")
        append(usage.completionTokens)
        append(raw: ",\"total_tokens\":")
        append(usage.totalTokens)
        append(raw: ",\"prompt_tokens_details\":{\"cached_tokens\":")
        append(usage.cachedTokens)
        append(raw: "}")
        if hasReasoning {
            append(raw: ",\"completion_tokens_details\":{\"reasoning_tokens\":")
            append(usage.reasoningTokens)
            append(raw: "}")
        }
        append(raw: "}")
    }

    /// Appends a log-probability; the least finite number for one of zero, which JSON could not say.
    mutating func append(logprob value: Float) {
        append(raw: Array(String(value.isFinite ? value : -9999).utf8))
    }
}

extension TokenUsage {
    /// The usage of several answers to the same prompt, which counts once: what the first one computed is in memory for the
    /// others, but was computed.
    init(choices: [TokenUsage]) {
        self.init(
            promptTokens: choices.map(\.promptTokens).max() ?? 0, cachedTokens: choices.map(\.cachedTokens).min() ?? 0,
            completionTokens: choices.reduce(0) { $0 + $1.completionTokens },
            reasoningTokens: choices.reduce(0) { $0 + $1.reasoningTokens })
    }
}
