import Conversation

/// A model that requests can name, loaded or not.
public struct ModelEntry: Sendable, Equatable {
    /// Twelve letters and digits that name it in ARNs.
    public var id: String
    /// The names that requests may use; the first is the one that answers carry. At least one.
    public var names: [String]
    /// When the model was made, in seconds since 1970.
    public var created: Int
    /// Bytes of memory that it takes once it is loaded, or at most so many.
    public var byteCount: Int

    /// Describes a model.
    public init(id: String, names: [String], created: Int, byteCount: Int) {
        self.id = id
        self.names = names
        self.created = created
        self.byteCount = byteCount
    }

    /// The name that answers carry.
    public var name: String { names.first ?? id }

    /// Whether a text is one of the model's names or its id.
    func isCalled(_ text: String) -> Bool {
        names.contains { $0.utf8.elementsEqual(text.utf8) } || id.utf8.elementsEqual(text.utf8)
    }
}

/// A model in memory.
public struct OpenedModel: Sendable {
    /// What answers.
    public var served: ServedModel
    /// Bytes of memory that it takes, weights, keys and values together.
    public var byteCount: Int
    /// Frees it. Called once, when no request uses it any more; returns when its memory is free.
    public var close: @Sendable () async -> Void

    /// Describes a model in memory.
    public init(served: ServedModel, byteCount: Int, close: @escaping @Sendable () async -> Void) {
        self.served = served
        self.byteCount = byteCount
        self.close = close
    }
}

/// The models that could be loaded.
public protocol ModelCatalog: Sendable {
    /// The models that there are now.
    func entries() async throws -> [ModelEntry]
    /// The model of a name or id as of now; nil if there is none.
    func entry(_ text: String) async throws -> ModelEntry?
    /// Loads a model, off Swift concurrency's threads.
    func open(_ entry: ModelEntry) async throws -> OpenedModel
}

/// No models beside the pinned ones.
public struct EmptyCatalog: ModelCatalog {
    /// An empty catalog.
    public init() {}

    /// None.
    public func entries() -> [ModelEntry] { [] }
    /// None.
    public func entry(_ text: String) -> ModelEntry? { nil }
    /// - Throws: always; there is nothing to open.
    public func open(_ entry: ModelEntry) throws -> OpenedModel { throw ModelPoolError.unloadable(model: entry.name) }
}
