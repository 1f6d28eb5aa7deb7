import ModelLibrary

/// How a checkpoint is imported.
public struct ImportOptions: Sendable {
    /// How attention and unembedding are stored.
    public var dense: DenseFormat
    /// Whether a model of the same name is replaced.
    public var replace: Bool
    /// Threads that convert; nil for one per processor, at most eight.
    public var threads: Int?
    /// The program's version, for the manifest.
    public var version: String
    /// The id that the model gets; nil for a new one.
    public var id: String?
    /// What the manifest tells about where the checkpoint was; nil for its folder.
    public var source: String?

    /// Options; the defaults are those of the command line.
    public init(dense: DenseFormat = .int8, replace: Bool = false, threads: Int? = nil, version: String = "") {
        self.dense = dense
        self.replace = replace
        self.threads = threads
        self.version = version
    }
}
