import JSON

/// Everything that the model is told before it answers.
public struct HarmonyPrompt: Sendable, Equatable {
    /// The first line of the system message. Models know this one; an API's "system prompt" belongs in `instructions`.
    public var modelIdentity: String? = "You are ChatGPT, a large language model trained by OpenAI."
    /// Where the model's knowledge ends.
    public var knowledgeCutoff: String? = "2024-06"
    /// Today's date, as in `2025-06-28`; nil to leave it out.
    public var currentDate: String?
    /// How long the model thinks.
    public var reasoningEffort = ReasoningEffort.medium
    /// The application's instructions; nil for none.
    public var instructions: String?
    /// Functions that the model may call, by the names that the API's client gave them.
    public var functions: [ToolDefinition] = []
    /// Forms in which the model may be told to answer.
    public var responseFormats: [HarmonyResponseFormat] = []
    /// What has been said so far. Functions are named as in `functions`.
    public var messages: [HarmonyMessage] = []

    /// A conversation with the default settings.
    public init(messages: [HarmonyMessage] = []) {
        self.messages = messages
    }

    /// How the functions are named in headers.
    public var toolNames: HarmonyToolNames { HarmonyToolNames(functions.map(\.name)) }
}

/// A form of answers, described to the model at the end of the developer message.
public struct HarmonyResponseFormat: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// What it is for.
    public var description: String?
    /// Its JSON schema.
    public var schema: JSONValue

    /// A form of answers with a name and a JSON schema.
    public init(name: String, description: String? = nil, schema: JSONValue) {
        self.name = name
        self.description = description
        self.schema = schema
    }

    /// `## name`, the description as comment, the schema in one line.
    var text: String {
        let remarks = (description.map(TextLines.contained) ?? []).map { "// \($0)\n" }.joined()
        let title = TextLines.contained(name).joined(separator: " ")
        return "## \(title)\n\n\(remarks)\(schema.serialized())"
    }
}
