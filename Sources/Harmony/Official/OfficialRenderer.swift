/// Renders conversations to the same tokens as the official package (openai-harmony 0.0.8), with the same errors.
///
/// It is what others compare with. `HarmonyRenderer` writes what the model itself would have written.
public struct OfficialRenderer: Sendable {
    private let encoding: HarmonyEncoding
    private let promptText = PromptText(quoting: .verbatim)

    /// A renderer for one vocabulary.
    public init(_ encoding: HarmonyEncoding) {
        self.encoding = encoding
    }

    /// The conversation, nothing after it.
    ///
    /// - Parameter dropsAnalysis: whether thoughts before the first final message are left out when the last assistant
    ///   message is final.
    public func conversation(_ messages: [HarmonyMessage], dropsAnalysis: Bool) throws(OfficialError) -> [Int32] {
        var ids: [Int32] = []
        let hasFunctions = messages.haveFunctionTools
        for message in dropsAnalysis ? withoutDroppedAnalysis(messages) : messages {
            try append(message, hasFunctions: hasFunctions, to: &ids)
        }
        return ids
    }

    /// The conversation and the beginning of the next message.
    public func completion(
        _ messages: [HarmonyMessage], nextRole: HarmonyRole, dropsAnalysis: Bool
    ) throws(OfficialError) -> [Int32] {
        try conversation(messages, dropsAnalysis: dropsAnalysis) + [encoding.start] + encoding.encode(nextRole.rawValue)
    }

    /// The conversation as a sample to learn from: a final message at its end ends the turn.
    public func training(_ messages: [HarmonyMessage], dropsAnalysis: Bool) throws(OfficialError) -> [Int32] {
        var ids = try conversation(messages, dropsAnalysis: dropsAnalysis)
        if let last = messages.last, last.role == .assistant, isOn("final", last), !ids.isEmpty {
            ids[ids.count - 1] = encoding.returnToken
        }
        return ids
    }

    private func isOn(_ channel: String, _ message: HarmonyMessage) -> Bool {
        message.channel?.hasSameBytes(as: channel) ?? false
    }

    private func withoutDroppedAnalysis(_ messages: [HarmonyMessage]) -> [HarmonyMessage] {
        guard let last = messages.last(where: { $0.role == .assistant }), isOn("final", last),
            let firstFinal = messages.firstIndex(where: { isOn("final", $0) })
        else { return messages }
        return messages[..<firstFinal].filter { !isOn("analysis", $0) } + messages[firstFinal...]
    }

    private func append(
        _ message: HarmonyMessage, hasFunctions: Bool, to ids: inout [Int32]
    ) throws(OfficialError) {
        ids.append(encoding.start)
        if message.role == .tool {
            guard let name = message.name else { throw OfficialError(.harmony, "Tools should have a name!") }
            ids += encoding.encode(name)
        } else {
            ids += encoding.encode(message.role.rawValue)
            if let name = message.name { ids += encoding.encode(":" + name) }
        }
        if let recipient = message.recipient, !recipient.hasSameBytes(as: "all") {
            ids += encoding.encode(" to=" + recipient)
        }
        if let channel = message.channel { ids += [encoding.channel] + encoding.encode(channel) }
        if let contentType = message.contentType {
            if let rest = contentType.dropping(prefix: "<|constrain|>") {
                ids += encoding.encode(" ") + [encoding.constrain] + encoding.encode(rest)
            } else {
                ids += encoding.encode(" " + contentType)
            }
        }
        ids.append(encoding.message)
        for content in message.content {
            ids += encoding.encode(try text(content, in: message.role, hasFunctions: hasFunctions))
        }
        ids.append(message.role == .assistant && message.recipient != nil ? encoding.call : encoding.end)
    }

    private func text(
        _ content: HarmonyContent, in role: HarmonyRole, hasFunctions: Bool
    ) throws(OfficialError) -> String {
        switch content {
        case .text(let text): return text
        case .system(let system):
            guard role == .system else { throw misplaced("SystemContent", "system", role) }
            return promptText.system(system, hasFunctions: hasFunctions)
        case .developer(let developer):
            guard role == .developer else { throw misplaced("DeveloperContent", "developer", role) }
            return promptText.developer(developer)
        }
    }

    private func misplaced(_ content: String, _ place: String, _ role: HarmonyRole) -> OfficialError {
        OfficialError(
            .harmony, "\(content) may only appear in \(place) messages, found in \(role.officialName)")
    }
}
