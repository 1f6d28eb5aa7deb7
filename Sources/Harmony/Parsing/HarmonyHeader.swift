/// The channels that the model writes on.
public enum HarmonyChannel: String, Sendable, Equatable, CaseIterable {
    /// Thoughts, not to be shown as an answer.
    case analysis
    /// Calls of tools; without a recipient, what the user should know beforehand.
    case commentary
    /// The answer.
    case final
}

/// What the model says about a message before its text.
public struct HarmonyHeader: Sendable, Equatable {
    /// What a message is for.
    public enum Purpose: Sendable, Equatable {
        /// Thoughts.
        case reasoning
        /// Text for the user before tools are called.
        case preamble
        /// The answer to the user.
        case answer
        /// A call of the tool with this name, `functions.f` or any other; `HarmonyToolNames` resolves it.
        case call(recipient: String)
    }

    /// The channel; `final` if the model named none, `commentary` if it named none but a recipient.
    public var channel: HarmonyChannel
    /// The tool to call, as the model wrote it up to the first character that no name has.
    public var recipient: String?
    /// What the text is, as in `json`, without `<|constrain|>`.
    public var contentType: String?
    /// Whether `<|constrain|>` came before the content type.
    public var isConstrained: Bool

    /// A header of the assistant.
    public init(
        channel: HarmonyChannel, recipient: String? = nil, contentType: String? = nil, isConstrained: Bool = false
    ) {
        self.channel = channel
        self.recipient = recipient
        self.contentType = contentType
        self.isConstrained = isConstrained
    }

    /// What the message is for: a recipient decides, on whichever channel, and then the channel.
    public var purpose: Purpose {
        if let recipient { return .call(recipient: recipient) }
        switch channel {
        case .analysis: return .reasoning
        case .commentary: return .preamble
        case .final: return .answer
        }
    }
}
