import JSON

/// Reads a conversation in the official package's JSON form. Missing fields mean absent, unknown ones are ignored,
/// wrong types are errors.
struct OfficialConversation {
    let messages: [HarmonyMessage]

    init(_ json: JSONValue) throws(OfficialError) {
        let object = try OfficialObject(json, "Conversation")
        // Unknown fields beside `messages` are skipped unread; everything in the messages is read.
        guard isReadable(try object.value("messages"), depth: 126) else {
            throw invalid("number out of range or recursion limit exceeded")
        }
        var messages: [HarmonyMessage] = []
        for message in try object.array("messages") { messages.append(try OfficialConversation.message(message)) }
        self.messages = messages
    }

    private static func message(_ json: JSONValue) throws(OfficialError) -> HarmonyMessage {
        guard case .object = json else { throw invalid("invalid type: \(json.kindName), expected struct Message") }
        let object = try OfficialObject(json, "Message")
        let recipient = try object.optionalString("recipient")
        let role: HarmonyRole = try variant(try object.string("role"))
        let name = try object.optionalString("name")
        return HarmonyMessage(
            role: role, name: name, recipient: recipient, channel: try object.optionalString("channel"),
            contentType: try object.optionalString("content_type"), content: try contents(try object.value("content")))
    }

    private static func contents(_ json: JSONValue) throws(OfficialError) -> [HarmonyContent] {
        switch json {
        case .string(let text): return [.text(text)]
        case .array(let items):
            var contents: [HarmonyContent] = []
            for item in items { contents.append(try content(item)) }
            return contents
        default: throw invalid("invalid type: \(json.kindName), expected string or list of content")
        }
    }

    private static func content(_ json: JSONValue) throws(OfficialError) -> HarmonyContent {
        let object = try OfficialObject(json, "Content")
        let type = try object.string("type")
        if type.hasSameBytes(as: "text") { return .text(try object.string("text")) }
        if type.hasSameBytes(as: "system_content") { return .system(try system(object)) }
        if type.hasSameBytes(as: "developer_content") {
            let instructions = try object.optionalString("instructions")
            return .developer(DeveloperContent(instructions: instructions, tools: try tools(object)))
        }
        throw invalid("unknown variant `\(type)`, expected one of `text`, `system_content`, `developer_content`")
    }

    private static func system(_ object: OfficialObject) throws(OfficialError) -> SystemContent {
        var system = SystemContent()
        system.modelIdentity = try object.optionalString("model_identity")
        if let effort = try object.optionalString("reasoning_effort") {
            guard let known = ReasoningEffort.allCases.first(where: { $0.officialName.hasSameBytes(as: effort) }) else {
                throw invalid("unknown variant `\(effort)`, expected one of `Low`, `Medium`, `High`")
            }
            system.reasoningEffort = known
        }
        system.tools = try tools(object)
        system.conversationStartDate = try object.optionalString("conversation_start_date")
        system.knowledgeCutoff = try object.optionalString("knowledge_cutoff")
        if let json = object.optional("channel_config") {
            let channels = try OfficialObject(json, "ChannelConfig")
            var valid: [String] = []
            for name in try channels.array("valid_channels") { valid.append(try string(name)) }
            guard let isRequired = try channels.value("channel_required").boolValue else {
                throw invalid("invalid type, expected a boolean")
            }
            system.channels = ChannelConfiguration(valid: valid, isRequired: isRequired)
        }
        return system
    }

    private static func tools(_ object: OfficialObject) throws(OfficialError) -> [ToolNamespace.Keyed]? {
        guard let json = object.optional("tools") else { return nil }
        guard case .object(let map) = json else { throw invalid("invalid type: \(json.kindName), expected a map") }
        var namespaces: [ToolNamespace.Keyed] = []
        for (key, value) in map.entries {
            let object = try OfficialObject(value, "ToolNamespaceConfig")
            var tools: [ToolDefinition] = []
            for tool in try object.array("tools") {
                let tool = try OfficialObject(tool, "ToolDescription")
                tools.append(
                    ToolDefinition(
                        name: try tool.string("name"), description: try tool.string("description"),
                        parameters: tool.optional("parameters")))
            }
            let namespace = ToolNamespace(
                name: try object.string("name"), description: try object.optionalString("description"), tools: tools)
            namespaces.append(.init(key: key, namespace: namespace))
        }
        return namespaces
    }
}

/// A JSON object whose fields are read as the official package's deserialiser does.
private struct OfficialObject {
    private let object: JSONObject

    init(_ json: JSONValue, _ type: String) throws(OfficialError) {
        guard case .object(let object) = json else {
            throw invalid("invalid type: \(json.kindName), expected struct \(type)")
        }
        self.object = object
    }

    /// A field that is there and not null.
    func optional(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    func optionalString(_ key: String) throws(OfficialError) -> String? {
        guard let json = optional(key) else { return nil }
        return try Harmony.string(json)
    }

    func value(_ key: String) throws(OfficialError) -> JSONValue {
        guard let value = object[key] else { throw invalid("missing field `\(key)`") }
        return value
    }

    func string(_ key: String) throws(OfficialError) -> String { try Harmony.string(try value(key)) }

    func array(_ key: String) throws(OfficialError) -> [JSONValue] {
        let value = try value(key)
        guard case .array(let elements) = value else {
            throw invalid("invalid type: \(value.kindName), expected a sequence")
        }
        return elements
    }
}

private func invalid(_ reason: String) -> OfficialError {
    OfficialError(.value, "invalid conversation JSON: " + reason)
}

private func string(_ json: JSONValue) throws(OfficialError) -> String {
    guard let text = json.stringValue else { throw invalid("invalid type: \(json.kindName), expected a string") }
    return text
}

private func variant(_ name: String) throws(OfficialError) -> HarmonyRole {
    guard let role = HarmonyRole(officialName: name) else {
        throw invalid(
            "unknown variant `\(name)`, expected one of `user`, `assistant`, `system`, `developer`, `tool`")
    }
    return role
}

/// Whether serde_json reads a value: not nested too deeply, numbers not too large for a double.
private func isReadable(_ json: JSONValue, depth: Int) -> Bool {
    switch json {
    case .null, .bool, .string: return true
    case .number(let number): return serdeNumberText(number) != nil
    case .array(let elements): return depth > 0 && elements.allSatisfy { isReadable($0, depth: depth - 1) }
    case .object(let object): return depth > 0 && object.entries.allSatisfy { isReadable($0.value, depth: depth - 1) }
    }
}

extension HarmonyRole {
    /// The role with exactly these bytes as its name.
    init?(officialName: String) {
        guard let role = HarmonyRole.allCases.first(where: { $0.rawValue.hasSameBytes(as: officialName) }) else {
            return nil
        }
        self = role
    }

    /// The role's name in the official library's error texts.
    var officialName: String {
        switch self {
        case .user: "User"
        case .assistant: "Assistant"
        case .system: "System"
        case .developer: "Developer"
        case .tool: "Tool"
        }
    }
}

extension ReasoningEffort {
    /// The effort in a conversation's JSON.
    var officialName: String {
        switch self {
        case .low: "Low"
        case .medium: "Medium"
        case .high: "High"
        }
    }
}
