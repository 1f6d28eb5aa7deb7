/// Writes the prompt for a turn of the model, in the form in which the model itself writes.
///
/// It differs from the official package's renderer where that one harms answers:
/// - Tool calls have the channel first (`<|channel|>commentary to=functions.f <|constrain|>json`), as the model samples
///   them. The other order, repeated to the model, makes it write broken headers.
/// - Messages that carry their sampled ids are repeated verbatim, so that the key-value cache of earlier turns fits,
///   too.
/// - Thoughts of every turn that has its final answer are dropped; those of a turn that still calls tools are kept.
/// - Nothing from outside can become a control token, end a header or leave a comment.
public struct HarmonyRenderer: Sendable {
    private let encoding: HarmonyEncoding
    private let promptText = PromptText(quoting: .contained)

    /// A renderer for one vocabulary.
    public init(_ encoding: HarmonyEncoding) {
        self.encoding = encoding
    }

    /// The ids of a prompt, up to `<|start|>assistant`.
    public func renderPrompt(_ prompt: HarmonyPrompt) -> [Int32] {
        let names = prompt.toolNames
        var ids = message(author: "system", text: systemText(prompt))
        if let text = developerText(prompt, names: names) { ids += message(author: "developer", text: text) }
        for message in HarmonyRenderer.withoutClosedAnalysis(prompt.messages) {
            append(message, names: names, hasFunctions: !prompt.functions.isEmpty, to: &ids)
        }
        return ids + [encoding.start] + encoding.encode("assistant")
    }

    /// The messages without the thoughts of turns that ended in a final answer. Calls of tools stay, also on the
    /// analysis channel, since their results stay.
    public static func withoutClosedAnalysis(_ messages: [HarmonyMessage]) -> [HarmonyMessage] {
        guard let lastFinal = messages.lastIndex(where: { $0.role == .assistant && $0.channel == "final" }) else {
            return messages
        }
        let closed = messages[..<lastFinal].filter {
            !($0.role == .assistant && $0.channel == "analysis" && $0.recipient == nil)
        }
        return closed + messages[lastFinal...]
    }

    // MARK: - System and developer message

    private func systemText(_ prompt: HarmonyPrompt) -> String {
        var content = SystemContent()
        content.modelIdentity = prompt.modelIdentity
        content.knowledgeCutoff = prompt.knowledgeCutoff
        content.conversationStartDate = prompt.currentDate
        content.reasoningEffort = prompt.reasoningEffort
        content.channels = .standard
        return promptText.system(content, hasFunctions: !prompt.functions.isEmpty)
    }

    /// Nil if there is nothing to say.
    private func developerText(_ prompt: HarmonyPrompt, names: HarmonyToolNames) -> String? {
        var content = DeveloperContent()
        if let instructions = prompt.instructions, !instructions.isEmpty { content.instructions = instructions }
        if !prompt.functions.isEmpty {
            let tools = prompt.functions.map { function in
                var tool = function
                tool.name = names.headerName(function.name)
                return tool
            }
            content.tools = [.init(key: "functions", namespace: ToolNamespace(name: "functions", tools: tools))]
        }
        var sections = [promptText.developer(content)].filter { !$0.isEmpty }
        if !prompt.responseFormats.isEmpty {
            sections += ["# Response Formats"] + prompt.responseFormats.map(\.text)
        }
        return sections.isEmpty ? nil : sections.joined(separator: "\n\n")
    }

    private func message(author: String, text: String) -> [Int32] {
        [encoding.start] + encoding.encode(author) + [encoding.message] + encoding.encode(text) + [encoding.end]
    }

    // MARK: - History

    private func append(
        _ message: HarmonyMessage, names: HarmonyToolNames, hasFunctions: Bool, to ids: inout [Int32]
    ) {
        ids.append(encoding.start)
        let end = message.role == .assistant && message.recipient != nil ? encoding.call : encoding.end
        if message.role == .assistant, let sampled = message.sampledTokens {
            ids += encoding.encode("assistant") + sampled.dropLast(endsTurnOrMessage(sampled.last) ? 1 : 0)
            ids.append(sampled.last == encoding.call ? encoding.call : end)
            return
        }
        appendHeader(message, names: names, to: &ids)
        ids.append(encoding.message)
        for content in message.content { ids += encoding.encode(text(content, hasFunctions: hasFunctions)) }
        ids.append(end)
    }

    private func endsTurnOrMessage(_ id: Int32?) -> Bool {
        id.map { encoding.endsMessage($0) || $0 == encoding.endOfText } ?? false
    }

    private func appendHeader(_ message: HarmonyMessage, names: HarmonyToolNames, to ids: inout [Int32]) {
        var recipient = message.recipient.map { headerName($0, names) }
        var channel = message.channel.map(HarmonyToolNames.headerText)
        switch message.role {
        case .tool:
            // The result's header has the recipient first, as the model was trained with.
            ids += encoding.encode(message.name.map { headerName($0, names) } ?? "tool")
            ids += encoding.encode(" to=" + (recipient ?? "assistant"))
            recipient = nil
            channel = channel ?? "commentary"
        case .assistant:
            ids += encoding.encode(message.role.rawValue)
            channel = channel ?? (recipient == nil ? "final" : "commentary")
        case .user, .system, .developer:
            ids += encoding.encode(message.role.rawValue)
            if let name = message.name { ids += encoding.encode(":" + HarmonyToolNames.headerText(name)) }
        }
        if let channel { ids += [encoding.channel] + encoding.encode(channel) }
        if let recipient { ids += encoding.encode(" to=" + recipient) }
        if let contentType = message.contentType { appendContentType(contentType, to: &ids) }
    }

    private func appendContentType(_ contentType: String, to ids: inout [Int32]) {
        if let constrained = contentType.dropping(prefix: "<|constrain|>") {
            ids += encoding.encode(" ") + [encoding.constrain]
            ids += encoding.encode(HarmonyToolNames.headerText(constrained))
        } else {
            ids += encoding.encode(" " + HarmonyToolNames.headerText(contentType))
        }
    }

    private func headerName(_ name: String, _ names: HarmonyToolNames) -> String {
        guard let function = name.dropping(prefix: "functions.") else { return HarmonyToolNames.headerText(name) }
        return "functions." + names.headerName(function)
    }

    private func text(_ content: HarmonyContent, hasFunctions: Bool) -> String {
        switch content {
        case .text(let text): text
        case .system(let system): promptText.system(system, hasFunctions: hasFunctions)
        case .developer(let developer): promptText.developer(developer)
        }
    }
}
