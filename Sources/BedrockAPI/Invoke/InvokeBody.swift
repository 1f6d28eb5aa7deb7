import APISupport
import Conversation
import Generation
import JSON
import OpenAIWire

/// The body of an invocation: which of three dialects it is in shows in its fields, and the answer is in the same one.
enum InvokeBody: Sendable {
    /// OpenAI's chat: it has `messages`.
    case chat(ChatRequest)
    /// OpenAI's completion: it has `prompt`.
    case completion(CompletionRequest)
    /// Llama's: it has `prompt` and `max_gen_len`.
    case llama(LlamaRequest)

    /// - Parameters:
    ///   - isStreamed: what the operation does, with which `stream` in the body must agree; nil if it does neither.
    init(_ body: [UInt8], isStreamed: Bool?, id: String, model: ServedModel) throws {
        let fields = try Self.fields(body, isStreamed: isStreamed)
        if fields.value("messages") != nil {
            self = .chat(try ChatRequest(fields, id: id, limits: model.generator.limits))
        } else if fields.value("prompt") == nil {
            throw BedrockError.validation(
                "The body has neither 'messages' (OpenAI chat) nor 'prompt' (OpenAI completion, or Llama with 'max_gen_len')."
            )
        } else if fields.value("max_gen_len") != nil {
            self = .llama(try LlamaRequest(fields, id: id, model: model))
        } else {
            self = .completion(try CompletionRequest(fields, id: id, model: model))
        }
    }

    /// The body's fields, with a `stream` that says what the operation does.
    private static func fields(_ body: [UInt8], isStreamed: Bool?) throws -> Fields {
        let fields = try Fields(body: body)
        guard let isStreamed else { return fields }
        if let stream = try fields.bool("stream"), stream != isStreamed {
            throw BedrockError.validation(
                stream
                    ? "'stream' is true, but InvokeModel answers whole: use InvokeModelWithResponseStream."
                    : "'stream' is false, but InvokeModelWithResponseStream streams: use InvokeModel.")
        }
        var object = JSONObject(fields.entries.map { ($0.key, $0.value) })
        object["stream"] = .bool(isStreamed)
        return Fields(object)
    }

    /// Tokens of the prompts.
    func promptTokens(_ service: ConversationService) throws -> Int {
        switch self {
        case .chat(let chat): try service.prompt(for: chat.conversation).count
        case .completion(let completion): completion.prompts.reduce(0) { $0 + $1.count }
        case .llama(let llama): llama.completion.prompt.count
        }
    }
}
