import JSON

/// The texts of system and developer messages.
struct PromptText {
    /// How text from tools' schemas is put into comments.
    let quoting: TypeScriptType.Quoting

    /// A system message's text.
    ///
    /// - Parameter hasFunctions: whether any developer message of the conversation has function tools.
    func system(_ content: SystemContent, hasFunctions: Bool) -> String {
        var sections = [String]()
        let top = [
            content.modelIdentity,
            content.knowledgeCutoff.map { "Knowledge cutoff: " + $0 },
            content.conversationStartDate.map { "Current date: " + $0 },
        ].compactMap { $0 }
        if !top.isEmpty { sections.append(top.joined(separator: "\n")) }
        if let effort = content.reasoningEffort { sections.append("Reasoning: " + effort.rawValue) }
        if let tools = content.tools, !tools.isEmpty { sections.append(self.tools(tools)) }
        if let channels = content.channels, !channels.valid.isEmpty {
            var text = "# Valid channels: " + channels.valid.joined(separator: ", ") + "."
            if channels.isRequired { text += " Channel must be included for every message." }
            if hasFunctions { text += "\nCalls to these tools must go to the commentary channel: 'functions'." }
            sections.append(text)
        }
        return sections.joined(separator: "\n\n")
    }

    /// A developer message's text.
    func developer(_ content: DeveloperContent) -> String {
        var sections = [String]()
        if let instructions = content.instructions { sections += ["# Instructions", instructions] }
        if let tools = content.tools, !tools.isEmpty { sections.append(self.tools(tools)) }
        return sections.joined(separator: "\n\n")
    }

    private func tools(_ tools: [ToolNamespace.Keyed]) -> String {
        let ordered = tools.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return (["# Tools"] + ordered.map { block($0.namespace) }).joined(separator: "\n\n")
    }

    private func block(_ namespace: ToolNamespace) -> String {
        var lines = ["## \(namespace.name)\n"]
        let mark = namespace.tools.isEmpty ? "" : "// "
        lines += (namespace.description.map(self.lines) ?? []).map { mark + $0 }
        guard !namespace.tools.isEmpty else { return lines.joined(separator: "\n") }
        lines.append("namespace \(namespace.name) {\n")
        for tool in namespace.tools {
            lines += self.lines(tool.description).map { "// " + $0 }
            let argument = tool.parameters.map { "_: " + TypeScriptType(quoting: quoting).text($0) } ?? ""
            lines.append("type \(tool.name) = (\(argument)) => any;\n")
        }
        lines.append("} // namespace \(namespace.name)")
        return lines.joined(separator: "\n")
    }

    private func lines(_ text: String) -> [String] {
        switch quoting {
        case .verbatim: TextLines.official(text)
        case .contained: text.isEmpty ? [] : TextLines.contained(text)
        }
    }
}

extension [HarmonyMessage] {
    /// Whether a developer message has tools under the key `functions`.
    var haveFunctionTools: Bool {
        contains { message in
            message.content.contains { content in
                guard case .developer(let developer) = content else { return false }
                return developer.tools?.contains { $0.key.hasSameBytes(as: "functions") && !$0.namespace.tools.isEmpty }
                    ?? false
            }
        }
    }
}
