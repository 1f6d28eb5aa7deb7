import APISupport
import Conversation
import Harmony
import JSON

/// Reads `toolConfig`.
struct ConverseTools: Sendable {
    private(set) var definitions: [ToolDefinition] = []
    private(set) var choice = ToolChoice.auto
    private(set) var warnings: [String] = []

    init(_ fields: BedrockFields) throws(BedrockError) {
        guard let configuration = try fields.object("toolConfig") else { return }
        let tools = try configuration.required("tools") { key throws(BedrockError) in try configuration.objects(key) }
        for tool in tools {
            if tool.value("cachePoint") != nil { continue }
            guard let specification = try tool.object("toolSpec") else {
                throw tool.unsupported("toolSpec", "\(tool.location) is not supported: it has no 'toolSpec'.")
            }
            try add(specification)
        }
        choice = try Self.choice(configuration)
    }

    private mutating func add(_ tool: BedrockFields) throws(BedrockError) {
        let name = try tool.required("name") { key throws(BedrockError) in try tool.string(key) }
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(\.isNameByte) else {
            throw tool.outOfRange("name", "'\(name)'", allowed: "1 to 64 of A-Z, a-z, 0-9, _ and -")
        }
        if definitions.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            throw tool.outOfRange("name", "'\(name)' a second time", allowed: "each name once")
        }
        if try tool.bool("strict") ?? false {
            warnings.append("\(tool.path("strict")) is not enforced by this version")
        }
        let schema = try tool.member("inputSchema").member("json")
        definitions.append(
            ToolDefinition(name: name, description: try tool.string("description") ?? "", parameters: schema.value))
    }

    private static func choice(_ configuration: BedrockFields) throws(BedrockError) -> ToolChoice {
        guard let choice = try configuration.object("toolChoice") else { return .auto }
        switch choice.entries.filter({ !$0.value.isNull }).map(\.key) {
        case ["auto"]: return .auto
        case ["none"]: return .none
        case ["any"], ["tool"]:
            throw configuration.unsupported(
                "toolChoice",
                "'toolChoice' other than auto is not supported by this version: it needs constrained decoding. Use "
                    + "{\"auto\": {}} and ask for the call in the prompt.")
        default:
            throw configuration.outOfRange("toolChoice", choice.value.serialized(), allowed: "{\"auto\": {}}")
        }
    }
}
