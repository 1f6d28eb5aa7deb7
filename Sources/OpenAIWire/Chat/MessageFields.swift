import APISupport
import Conversation
import JSON

/// Reads the `messages` of a chat request.
enum MessageFields {
    static func messages(_ fields: Fields) throws(OpenAIError) -> [ConversationMessage] {
        let objects = try fields.required("messages") { key throws(OpenAIError) in try fields.objects(key) }
        guard !objects.isEmpty else {
            throw fields.outOfRange("messages", "an empty array", allowed: "at least one message")
        }
        var messages: [ConversationMessage] = []
        for object in objects { messages.append(try message(object)) }
        return messages
    }

    private static func message(_ fields: Fields) throws(OpenAIError) -> ConversationMessage {
        let name = try fields.required("role") { key throws(OpenAIError) in try fields.string(key) }
        guard let role = ConversationMessage.Role(rawValue: name) else {
            throw fields.outOfRange(
                "role", "'\(name)'",
                allowed: "one of "
                    + ConversationMessage.Role.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", "))
        }
        switch role {
        case .assistant: return try assistant(fields)
        case .tool:
            let id = try fields.required("tool_call_id") { key throws(OpenAIError) in try fields.string(key) }
            return ConversationMessage(.tool, try requiredContent(fields), toolCallID: id)
        case .system, .developer, .user:
            return ConversationMessage(role, try requiredContent(fields))
        }
    }

    private static func assistant(_ fields: Fields) throws(OpenAIError) -> ConversationMessage {
        var message = ConversationMessage(.assistant, try content(fields) ?? "")
        if message.content.isEmpty, let refusal = try fields.string("refusal") { message.content = refusal }
        // Why leniency: clients send back what they were given, and shapes of the field differ between servers.
        message.reasoning =
            fields.value("reasoning_content")?.stringValue ?? fields.value("reasoning")?.stringValue
        for call in try fields.objects("tool_calls") ?? [] { message.toolCalls.append(try toolCall(call)) }
        if fields.value("function_call") != nil {
            throw fields.unsupported("function_call", "'function_call' is not supported: use 'tool_calls'.")
        }
        return message
    }

    private static func toolCall(_ fields: Fields) throws(OpenAIError) -> ToolCall {
        if let type = try fields.string("type"), type != "function" {
            throw fields.outOfRange("type", "'\(type)'", allowed: "'function'")
        }
        let id = try fields.required("id") { key throws(OpenAIError) in try fields.string(key) }
        let function = try fields.required("function") { key throws(OpenAIError) in try fields.object(key) }
        let name = try function.required("name") { key throws(OpenAIError) in try function.string(key) }
        return ToolCall(id: id, name: name, arguments: try arguments(function))
    }

    /// The arguments as text; an object, which some clients send, as its JSON.
    private static func arguments(_ fields: Fields) throws(OpenAIError) -> String {
        switch fields.value("arguments") {
        case nil: return ""
        case .string(let text): return text
        case .object(let object): return JSONValue.object(object).serialized()
        case .some(let other): throw fields.wrongType("arguments", "a string of JSON", other)
        }
    }

    private static func requiredContent(_ fields: Fields) throws(OpenAIError) -> String {
        try fields.required("content") { _ throws(OpenAIError) in try content(fields) }
    }

    /// The text of `content`: a string, or the text parts of an array, each on lines of its own.
    private static func content(_ fields: Fields) throws(OpenAIError) -> String? {
        guard let value = fields.value("content") else { return nil }
        if let text = value.stringValue { return text }
        guard value.arrayValue != nil else {
            throw fields.wrongType("content", "a string or an array of content parts", value)
        }
        var texts: [String] = []
        for part in try fields.objects("content") ?? [] { texts.append(try partText(part)) }
        return texts.joined(separator: "\n")
    }

    private static func partText(_ part: Fields) throws(OpenAIError) -> String {
        let type = try part.string("type") ?? "text"
        let key = type == "refusal" ? "refusal" : "text"
        guard ["text", "input_text", "output_text", "refusal"].contains(type) else {
            throw part.unsupported(
                "type", "Content parts of type '\(type)' are not supported: gpt-oss reads text only. Allowed: 'text'.")
        }
        return try part.required(key) { key throws(OpenAIError) in try part.string(key) }
    }
}
