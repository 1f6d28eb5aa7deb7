/// One message of a harmony conversation.
public struct HarmonyMessage: Sendable, Equatable {
    /// Who writes.
    public var role: HarmonyRole
    /// The author's name: required of a tool (`functions.get_weather`), optional for others (`user:bob`).
    public var name: String?
    /// Whom it is for; nil for everyone. A tool call goes to the tool's name.
    public var recipient: String?
    /// `analysis`, `commentary` or `final` for the assistant's messages.
    public var channel: String?
    /// What the text is, as in `<|constrain|>json`.
    public var contentType: String?
    /// What it says, in order.
    public var content: [HarmonyContent]
    /// The ids that the model sampled for this message, from behind `<|start|>assistant` to its end token. A renderer
    /// that finds them repeats them instead of encoding the message anew.
    public var sampledTokens: [Int32]?

    /// A message of any form.
    public init(
        role: HarmonyRole, name: String? = nil, recipient: String? = nil, channel: String? = nil,
        contentType: String? = nil, content: [HarmonyContent], sampledTokens: [Int32]? = nil
    ) {
        self.role = role
        self.name = name
        self.recipient = recipient
        self.channel = channel
        self.contentType = contentType
        self.content = content
        self.sampledTokens = sampledTokens
    }

    /// The texts of the content, joined. Empty for system and developer content.
    public var text: String {
        content.map { if case .text(let text) = $0 { text } else { "" } }.joined()
    }
}

extension HarmonyMessage {
    /// What a user says.
    public static func user(_ text: String, name: String? = nil) -> HarmonyMessage {
        HarmonyMessage(role: .user, name: name, content: [.text(text)])
    }

    /// Instructions that come after the beginning of the conversation.
    public static func developer(_ text: String) -> HarmonyMessage {
        HarmonyMessage(role: .developer, content: [.text(text)])
    }

    /// The assistant's reasoning.
    public static func analysis(_ text: String, sampledTokens: [Int32]? = nil) -> HarmonyMessage {
        HarmonyMessage(role: .assistant, channel: "analysis", content: [.text(text)], sampledTokens: sampledTokens)
    }

    /// What the assistant tells the user before it calls tools.
    public static func preamble(_ text: String, sampledTokens: [Int32]? = nil) -> HarmonyMessage {
        HarmonyMessage(role: .assistant, channel: "commentary", content: [.text(text)], sampledTokens: sampledTokens)
    }

    /// The assistant's answer.
    public static func final(_ text: String, sampledTokens: [Int32]? = nil) -> HarmonyMessage {
        HarmonyMessage(role: .assistant, channel: "final", content: [.text(text)], sampledTokens: sampledTokens)
    }

    /// The assistant's call of a function, by the name that the API's client gave it.
    public static func call(function: String, arguments: String, sampledTokens: [Int32]? = nil) -> HarmonyMessage {
        HarmonyMessage(
            role: .assistant, recipient: "functions." + function, channel: "commentary",
            contentType: "<|constrain|>json", content: [.text(arguments)], sampledTokens: sampledTokens)
    }

    /// A function's result.
    public static func result(function: String, output: String) -> HarmonyMessage {
        HarmonyMessage(
            role: .tool, name: "functions." + function, recipient: "assistant", channel: "commentary",
            content: [.text(output)])
    }
}
