import APISupport
import Conversation
import Generation
import Hummingbird
import JSON
import OpenAIWire
import Tokenizer

/// `/tokenize`, `/detokenize` and `/tokenizer_info`, in vLLM's shapes.
struct TokenizeRoutes: Sendable {
    let pool: ModelPool

    var routes: [Route] {
        [
            Route(.post, "/tokenize", handler: tokenize),
            Route(.post, "/detokenize", handler: detokenize),
            Route(.get, "/tokenizer_info", handler: information),
        ]
    }

    @Sendable private func tokenize(_ request: APIRequest) async throws -> Response {
        let fields = try Fields(body: request.body)
        let service = try await pool.model(for: fields, request, action: .countTokens).service
        let ids = try ids(fields, service, id: request.id)
        var writer = JSONWriter()
        writer.append(raw: "{\"count\":")
        writer.append(ids.count)
        writer.append(raw: ",\"max_model_len\":")
        writer.append(service.model.contextLength)
        writer.append(raw: ",\"tokens\":")
        writer.append(list: ids) { $0.append(Int($1)) }
        writer.append(raw: ",\"token_strs\":")
        if try fields.bool("return_token_strs") ?? false {
            writer.append(list: ids) { writer, id in
                writer.append(string: String(decoding: service.model.tokenizer.bytes(of: id) ?? [], as: UTF8.self))
            }
        } else {
            writer.append(raw: "null")
        }
        writer.append(raw: "}")
        return .json(writer.bytes)
    }

    /// The tokens of `prompt`, or of the prompt that `messages` and `tools` become.
    private func ids(
        _ fields: Fields, _ service: ConversationService, id: RequestIdentifier
    ) throws -> [Int32] {
        if fields.value("messages") != nil {
            let limits = service.model.generator.limits
            let chat = try ChatRequest(fields, id: id.description, limits: limits)
            let prompt = try service.prompt(for: chat.conversation)
            let hasHeader = try fields.bool("add_generation_prompt") ?? true
            let header = 1 + service.model.tokenizer.encodeOrdinary("assistant").count
            return hasHeader ? prompt : Array(prompt.dropLast(header))
        }
        guard let text = try fields.string("prompt") else {
            throw OpenAIError.invalid(
                "Missing required parameter: 'prompt' or 'messages'.", parameter: "prompt",
                code: "missing_required_parameter")
        }
        return service.model.tokenizer.encode(text, allowedSpecial: .all)
    }

    @Sendable private func detokenize(_ request: APIRequest) async throws -> Response {
        let fields = try Fields(body: request.body)
        let service = try await pool.model(for: fields, request, action: .countTokens).service
        let elements = try fields.required("tokens") { key throws(OpenAIError) in try fields.array(key) }
        var bytes: [UInt8] = []
        for (index, element) in elements.enumerated() {
            guard let id = element.intValue, let id = Int32(exactly: id),
                let text = service.model.tokenizer.bytes(of: id)
            else {
                throw fields.outOfRange(
                    "tokens[\(index)]", element.serialized(),
                    allowed: "a token id from 0 to \(service.model.tokenizer.vocabularySize - 1)")
            }
            bytes += text
        }
        var writer = JSONWriter()
        writer.append(raw: "{\"prompt\":")
        writer.append(string: String(decoding: bytes, as: UTF8.self))
        writer.append(raw: "}")
        return .json(writer.bytes)
    }

    @Sendable private func information(_ request: APIRequest) async throws -> Response {
        let model = try await pool.model(for: Fields(body: Array("{}".utf8)), request, action: .countTokens).service
            .model
        var writer = JSONWriter()
        writer.append(raw: "{\"tokenizer_class\":\"PreTrainedTokenizerFast\",\"bos_token\":\"<|startoftext|>\",")
        writer.append(raw: "\"eos_token\":\"<|return|>\",\"pad_token\":\"<|endoftext|>\",\"chat_template\":null,")
        writer.append(raw: "\"vocab_size\":")
        writer.append(model.tokenizer.vocabularySize)
        writer.append(raw: ",\"model_max_length\":")
        writer.append(model.contextLength)
        writer.append(raw: "}")
        return .json(writer.bytes)
    }
}
