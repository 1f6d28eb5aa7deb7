import JSON

/// What a message says.
public enum HarmonyContent: Sendable, Equatable {
    /// Text as it is.
    case text(String)
    /// The settings of a system message.
    case system(SystemContent)
    /// Instructions and tools of a developer message.
    case developer(DeveloperContent)
}

/// How long the model thinks before it answers.
public enum ReasoningEffort: String, Sendable, Equatable, CaseIterable {
    /// Short thoughts.
    case low
    /// The default.
    case medium
    /// Long thoughts.
    case high
}

/// The settings that a system message states. What is nil is not mentioned.
public struct SystemContent: Sendable, Equatable {
    /// Who the model is: its first line.
    public var modelIdentity: String?
    /// How long it thinks.
    public var reasoningEffort: ReasoningEffort?
    /// Built-in tools by key; written in byte order of the keys.
    public var tools: [ToolNamespace.Keyed]?
    /// Today's date as the model is told.
    public var conversationStartDate: String?
    /// Where its knowledge ends.
    public var knowledgeCutoff: String?
    /// The channels that it may use.
    public var channels: ChannelConfiguration?

    /// Nothing set.
    public init() {}
}

/// The channels that a system message allows.
public struct ChannelConfiguration: Sendable, Equatable {
    /// Their names.
    public var valid: [String]
    /// Whether each message needs one.
    public var isRequired: Bool

    /// Channels in the order in which they are listed.
    public init(valid: [String], isRequired: Bool) {
        self.valid = valid
        self.isRequired = isRequired
    }

    /// analysis, commentary and final, one of them required: what the model was trained with.
    public static let standard = ChannelConfiguration(valid: ["analysis", "commentary", "final"], isRequired: true)
}

/// What a developer message says.
public struct DeveloperContent: Sendable, Equatable {
    /// Text under `# Instructions`.
    public var instructions: String?
    /// Tools by key; written in byte order of the keys.
    public var tools: [ToolNamespace.Keyed]?

    /// Instructions, tools, both or neither.
    public init(instructions: String? = nil, tools: [ToolNamespace.Keyed]? = nil) {
        self.instructions = instructions
        self.tools = tools
    }
}

/// Tools under one name, as in `functions` or `browser`.
public struct ToolNamespace: Sendable, Equatable {
    /// A namespace and the key under which a message has it, usually the name.
    public struct Keyed: Sendable, Equatable {
        /// Decides the order, and whether these are the application's `functions`.
        public var key: String
        /// The tools.
        public var namespace: ToolNamespace

        /// A namespace under a key.
        public init(key: String, namespace: ToolNamespace) {
            self.key = key
            self.namespace = namespace
        }
    }

    /// The name that is written.
    public var name: String
    /// What the tools are for.
    public var description: String?
    /// The tools, in order.
    public var tools: [ToolDefinition]

    /// Tools under a name.
    public init(name: String, description: String? = nil, tools: [ToolDefinition]) {
        self.name = name
        self.description = description
        self.tools = tools
    }
}

/// A tool that the model can call.
public struct ToolDefinition: Sendable, Equatable {
    /// Its name without the namespace.
    public var name: String
    /// What it does.
    public var description: String
    /// A JSON schema of its argument; nil if it takes none.
    public var parameters: JSONValue?

    /// A tool; without parameters it takes no argument.
    public init(name: String, description: String, parameters: JSONValue? = nil) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }
}
