import APISupport
import Conversation
import JSON

/// Reads `system` and `messages`: content blocks become messages of a conversation.
struct ConverseMessages: Sendable {
    private(set) var result: [ConversationMessage] = []
    /// Ids of the calls so far, to which results refer.
    private var calls: Set<[UInt8]> = []

    mutating func add(_ fields: BedrockFields) throws(BedrockError) {
        let system = try texts(fields, "system")
        if !system.isEmpty { result.append(ConversationMessage(.system, system.joined(separator: "\n"))) }
        let messages = try fields.required("messages") { key throws(BedrockError) in try fields.objects(key) }
        guard !messages.isEmpty else {
            throw fields.outOfRange("messages", "an empty array", allowed: "at least one message")
        }
        for message in messages { try add(message: message) }
    }

    private mutating func add(message: BedrockFields) throws(BedrockError) {
        let role = try message.required("role") { key throws(BedrockError) in try message.string(key) }
        switch role {
        case "user": try addUser(try blocks(message))
        case "assistant": try addAssistant(try blocks(message))
        case "system":
            result.append(ConversationMessage(.system, try texts(message, "content").joined(separator: "\n")))
        default: throw message.outOfRange("role", "'\(role)'", allowed: "'user', 'assistant' or 'system'")
        }
    }

    /// What a user says, and the results of calls, in their order.
    private mutating func addUser(_ blocks: [ContentBlock]) throws(BedrockError) {
        var texts: [String] = []
        for block in blocks {
            switch block {
            case .text(let text): texts.append(text)
            case .result(let id, let text, let fields):
                guard calls.contains(Array(id.utf8)) else {
                    throw fields.outOfRange(
                        "toolUseId", "'\(id)'", allowed: "the id of a toolUse block in an earlier assistant message")
                }
                flush(&texts)
                result.append(ConversationMessage(.tool, text, toolCallID: id))
            case .reasoning(_, let fields), .call(_, let fields):
                throw fields.unsupported("", "\(fields.location) may only be in messages of the role 'assistant'.")
            case .cachePoint: break
            }
        }
        flush(&texts)
    }

    private mutating func flush(_ texts: inout [String]) {
        guard !texts.isEmpty else { return }
        result.append(ConversationMessage(.user, texts.joined(separator: "\n")))
        texts = []
    }

    private mutating func addAssistant(_ blocks: [ContentBlock]) throws(BedrockError) {
        var message = ConversationMessage(.assistant, "")
        var texts: [String] = []
        var thoughts: [String] = []
        for block in blocks {
            switch block {
            case .text(let text): texts.append(text)
            case .reasoning(let text, _): thoughts.append(text)
            case .call(let call, _):
                calls.insert(Array(call.id.utf8))
                message.toolCalls.append(call)
            case .result(_, _, let fields):
                throw fields.unsupported("", "\(fields.location) may only be in messages of the role 'user'.")
            case .cachePoint: break
            }
        }
        message.content = texts.joined(separator: "\n")
        message.reasoning = thoughts.isEmpty ? nil : thoughts.joined(separator: "\n")
        result.append(message)
    }

    private func blocks(_ message: BedrockFields) throws(BedrockError) -> [ContentBlock] {
        let objects = try message.required("content") { key throws(BedrockError) in try message.objects(key) }
        var blocks: [ContentBlock] = []
        for object in objects { blocks.append(try ContentBlock(object)) }
        return blocks
    }

    /// The texts of blocks that may only be text, or a cache point, which changes nothing here.
    private func texts(_ fields: BedrockFields, _ key: String) throws(BedrockError) -> [String] {
        var texts: [String] = []
        for object in try fields.objects(key) ?? [] {
            switch try ContentBlock(object) {
            case .text(let text): texts.append(text)
            case .cachePoint: break
            case .reasoning, .call, .result:
                throw object.unsupported("text", "'\(object.path("text"))' is missing: only text is allowed here.")
            }
        }
        return texts
    }
}
