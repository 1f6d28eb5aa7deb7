/// How large a document may be.
public struct XMLLimits: Sendable {
    /// Most bytes.
    public var byteCount: Int
    /// Most elements within each other.
    public var depth: Int
    /// Most elements.
    public var elementCount: Int

    /// Sets the limits; as they are, they hold what S3 sends at most: 10,000 parts, 1,000 objects.
    public init(byteCount: Int = 8 << 20, depth: Int = 16, elementCount: Int = 100_000) {
        self.byteCount = byteCount
        self.depth = depth
        self.elementCount = elementCount
    }
}
