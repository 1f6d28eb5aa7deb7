import ModelLibrary

/// How a checkpoint is imported.
public struct ImportOptions: Sendable {
    /// How attention and unembedding are stored.
    public var dense: DenseFormat
    /// Whether a model of the same name is replaced.
    public var replace: Bool
    /// Whether everything is refused that Amazon Bedrock refuses; else an index whose metadata it does not accept is imported.
    public var isStrict: Bool
    /// What the model is compared with when it is converted: an imported model's name or a checkpoint's folder; nil for nothing.
    public var base: String?
    /// Threads that convert; nil for one per processor, at most eight.
    public var threads: Int?
    /// The program's version, for the manifest.
    public var version: String
    /// The id that the model gets; nil for a new one.
    public var id: String?

    /// Options; the defaults are those of the command line.
    public init(
        dense: DenseFormat = .int8, replace: Bool = false, isStrict: Bool = false, base: String? = nil,
        threads: Int? = nil,
        version: String = ""
    ) {
        self.dense = dense
        self.replace = replace
        self.isStrict = isStrict
        self.base = base
        self.threads = threads
        self.version = version
    }
}
