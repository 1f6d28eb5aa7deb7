/// Who writes a message.
public enum HarmonyRole: String, Sendable, Equatable, CaseIterable {
    /// The person or program that asks.
    case user
    /// The model.
    case assistant
    /// The service: identity, date, effort, channels.
    case system
    /// The application: instructions and tools. An API's "system prompt" belongs here.
    case developer
    /// A tool, by its name.
    case tool
}
