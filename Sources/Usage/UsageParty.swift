/// A model that requests are counted for.
public struct UsageModel: Sendable, Hashable {
    /// The id of its import, which stays its own when another model gets the name.
    public let id: String
    /// Its name.
    public let name: String
    /// How many custom-model units a copy of it takes.
    public let units: Int

    /// A model.
    public init(id: String, name: String, units: Int) {
        self.id = id
        self.name = name
        self.units = units
    }
}

/// A key that requests are counted for.
public struct UsageKey: Sendable, Hashable {
    /// The principal's id.
    public let id: String
    /// What its operator calls it.
    public let name: String

    /// A key.
    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}
