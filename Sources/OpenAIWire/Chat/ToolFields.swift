import APISupport
import Conversation
import Harmony
import JSON

/// Reads `tools` and `tool_choice` of a chat request.
struct ToolFields {
    private(set) var definitions: [ToolDefinition] = []
    private(set) var choice = ToolChoice.auto
    private(set) var warnings: [String] = []
    private var names: Set<[UInt8]> = []

    init(_ fields: Fields) throws(OpenAIError) {
        for tool in try fields.objects("tools") ?? [] { try add(tool) }
        choice = try Self.choice(fields)
    }

    private mutating func add(_ tool: Fields) throws(OpenAIError) {
        let type = try tool.required("type") { key throws(OpenAIError) in try tool.string(key) }
        guard type == "function" else {
            throw tool.unsupported("type", "Tools of type '\(type)' are not supported. Allowed: 'function'.")
        }
        let function = try tool.required("function") { key throws(OpenAIError) in try tool.object(key) }
        let name = try function.required("name") { key throws(OpenAIError) in try function.string(key) }
        guard !name.isEmpty else { throw function.outOfRange("name", "an empty string", allowed: "a name") }
        if !names.insert(Array(name.utf8)).inserted {
            throw function.outOfRange("name", "'\(name)' a second time", allowed: "each name once")
        }
        if try function.bool("strict") ?? false {
            warnings.append("\(function.path("strict")) is not enforced by this version")
        }
        let parameters = try function.object("parameters").map {
            JSONValue.object(JSONObject($0.entries.map { ($0.key, $0.value) }))
        }
        definitions.append(
            ToolDefinition(name: name, description: try function.string("description") ?? "", parameters: parameters))
    }

    private static func choice(_ fields: Fields) throws(OpenAIError) -> ToolChoice {
        switch fields.value("tool_choice") {
        case nil: return .auto
        case .string("auto"): return .auto
        case .string("none"): return .none
        case .string("required"): return .required
        case .string(let text):
            throw fields.outOfRange("tool_choice", "'\(text)'", allowed: "'auto' or 'none'")
        case .object:
            let function = try fields.object("tool_choice")?.object("function")
            return .function(try function?.string("name") ?? "")
        case .some(let other):
            throw fields.wrongType("tool_choice", "a string or an object", other)
        }
    }
}
