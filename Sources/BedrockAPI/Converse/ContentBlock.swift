import APISupport
import Conversation
import JSON

/// A content block of Converse, as far as gpt-oss can read it. `fields` is the member, for messages.
enum ContentBlock: Sendable {
    case text(String)
    case reasoning(String, BedrockFields)
    case call(ToolCall, BedrockFields)
    case result(id: String, text: String, BedrockFields)
    /// Says where a prompt may be cached, which is this server's own business.
    case cachePoint

    /// Reads a block: an object with exactly one member.
    init(_ block: BedrockFields) throws(BedrockError) {
        let members = block.entries.filter { !$0.value.isNull }
        guard members.count == 1, let kind = members.first?.key else {
            throw block.unsupported(
                "", "A content block has exactly one member, but \(block.location) has \(members.count).")
        }
        switch kind {
        case "text": self = .text(try block.string(kind) ?? "")
        case "cachePoint": self = .cachePoint
        case "reasoningContent": self = try Self.reasoning(try block.member(kind))
        case "toolUse": self = try Self.call(try block.member(kind))
        case "toolResult": self = try Self.result(try block.member(kind))
        default:
            throw block.unsupported(
                kind,
                "Content of the kind '\(kind)' in \(block.location) is not supported: gpt-oss reads text, toolUse, toolResult "
                    + "and reasoningContent only.")
        }
    }

    /// The text of a thought. Its signature is accepted and dropped: nobody signs here, and clients send back what they got.
    private static func reasoning(_ fields: BedrockFields) throws(BedrockError) -> ContentBlock {
        guard let text = try fields.object("reasoningText") else {
            throw fields.unsupported(
                "reasoningText", "Reasoning must be readable: '\(fields.path("reasoningText"))' is missing.")
        }
        return .reasoning(try text.required("text") { key throws(BedrockError) in try text.string(key) }, fields)
    }

    private static func call(_ fields: BedrockFields) throws(BedrockError) -> ContentBlock {
        let id = try toolUseID(fields)
        let name = try fields.required("name") { key throws(BedrockError) in try fields.string(key) }
        let input = try fields.required("input") { key throws(BedrockError) in try fields.object(key) }
        return .call(ToolCall(id: id, name: name, arguments: input.value.serialized()), fields)
    }

    private static func result(_ fields: BedrockFields) throws(BedrockError) -> ContentBlock {
        let id = try toolUseID(fields)
        var texts: [String] = []
        for part in try fields.objects("content") ?? [] {
            if let text = try part.string("text") {
                texts.append(text)
            } else if let value = part.value("json") {
                texts.append(value.serialized())
            } else {
                throw part.unsupported(
                    "", "\(part.location) has neither 'text' nor 'json': gpt-oss reads no other results.")
            }
        }
        let text = texts.joined(separator: "\n")
        switch try fields.string("status") {
        case nil, "success": return .result(id: id, text: text, fields)
        // Why in words: harmony has no other place to tell the model that a call failed.
        case "error": return .result(id: id, text: text.isEmpty ? "Error" : "Error: " + text, fields)
        case .some(let status):
            throw fields.outOfRange("status", "'\(status)'", allowed: "'success' or 'error'")
        }
    }

    private static func toolUseID(_ fields: BedrockFields) throws(BedrockError) -> String {
        let id = try fields.required("toolUseId") { key throws(BedrockError) in try fields.string(key) }
        guard (1...64).contains(id.utf8.count), id.utf8.allSatisfy({ $0.isNameByte || $0 == 0x2E || $0 == 0x3A })
        else {
            throw fields.outOfRange("toolUseId", "'\(id)'", allowed: "1 to 64 of A-Z, a-z, 0-9, _ . : -")
        }
        return id
    }
}

extension BedrockFields {
    /// The object as a value.
    var value: JSONValue { .object(JSONObject(entries.map { ($0.key, $0.value) })) }

    /// A member that must be an object.
    func member(_ key: String) throws(BedrockError) -> BedrockFields {
        try required(key) { key throws(BedrockError) in try object(key) }
    }
}

extension UInt8 {
    /// Whether the byte is a letter, a digit, `_` or `-`.
    var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
