import APISupport
import Conversation
import Generation
import Harmony
import JSON
import OpenAIWire

/// Reads the fields of a JSON object with Bedrock's errors.
typealias BedrockFields = JSONFields<BedrockError>

/// The body of Converse, ConverseStream, and of CountTokens' `converse` input.
struct ConverseBody: Sendable {
    /// What is asked.
    var conversation: ConversationRequest
    /// What was accepted but has no effect.
    var warnings: [String]

    init(_ fields: BedrockFields, id: String, limits: GeneratorLimits) throws {
        try Self.refuseWhatIsMissingHere(fields)
        var messages = ConverseMessages()
        try messages.add(fields)
        let tools = try ConverseTools(fields)
        warnings = tools.warnings
        conversation = ConversationRequest(
            id: id, messages: messages.result, tools: tools.definitions, toolChoice: tools.choice)
        if let more = try fields.object("additionalModelRequestFields") {
            // Why OpenAI's reader: these fields are the model's own, which are OpenAI's.
            let own = Fields(
                JSONObject(more.entries.map { ($0.key, $0.value) }), path: "additionalModelRequestFields")
            conversation.sampling = try own.sampling(limits)
            conversation.effort = try EffortFields.effort(own)
        }
        try addWarnings(fields)
        if let configuration = try fields.object("inferenceConfig") { try add(configuration) }
    }

    private mutating func add(_ configuration: BedrockFields) throws(BedrockError) {
        conversation.maximumTokens = try configuration.int("maxTokens", in: 1...Int.max)
        if let value = try configuration.double("temperature", in: 0...1) {
            conversation.sampling.temperature = Float(value)
        }
        // Why not 0: nothing would be left to choose from; the smallest set is the most likely token.
        if let value = try configuration.double("topP", in: 0...1) {
            conversation.sampling.topP = max(Float(value), 1e-6)
        }
        let texts = try configuration.array("stopSequences") ?? []
        guard texts.count <= 2500 else {
            throw configuration.outOfRange("stopSequences", "\(texts.count) texts", allowed: "at most 2500")
        }
        for (index, element) in texts.enumerated() {
            let key = "stopSequences[\(index)]"
            guard let text = element.stringValue else { throw configuration.wrongType(key, "a string", element) }
            guard !text.utf8.isEmpty else {
                throw configuration.outOfRange(key, "an empty string", allowed: "some text")
            }
            conversation.stop.append(text)
        }
    }

    /// What would change the answer, and does not exist in this version, is refused; what cannot change it is not looked at.
    private static func refuseWhatIsMissingHere(_ fields: BedrockFields) throws(BedrockError) {
        if fields.value("guardrailConfig") != nil {
            throw fields.unsupported("guardrailConfig", "Guardrails are not supported: leave 'guardrailConfig' away.")
        }
        if let variables = try fields.object("promptVariables"), !variables.entries.isEmpty {
            throw fields.unsupported(
                "promptVariables", "'promptVariables' is not supported: the model is not a stored prompt.")
        }
        if try fields.object("outputConfig")?.object("textFormat") != nil {
            throw fields.unsupported(
                "outputConfig",
                "'outputConfig.textFormat' is not supported by this version: it needs constrained decoding. Describe the "
                    + "format in the prompt.")
        }
    }

    private mutating func addWarnings(_ fields: BedrockFields) throws(BedrockError) {
        let paths = try fields.array("additionalModelResponseFieldPaths") ?? []
        guard paths.count <= 10 else {
            throw fields.outOfRange(
                "additionalModelResponseFieldPaths", "\(paths.count) paths", allowed: "at most 10")
        }
        if !paths.isEmpty {
            warnings.append("additionalModelResponseFieldPaths finds nothing: there are no further fields")
        }
    }
}
