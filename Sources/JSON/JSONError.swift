/// Why bytes are no JSON document, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was expected or found.
    public let reason: String
    /// Bytes before the problem.
    public let offset: Int

    /// The error in a sentence.
    public var description: String { "invalid JSON at byte \(offset): \(reason)" }
}

/// How much JSON is accepted.
public struct JSONLimits: Sendable, Equatable {
    /// The deepest nesting of arrays and objects.
    public var depth: Int
    /// The most bytes of a document.
    public var byteCount: Int

    /// 512 levels and 1 GiB.
    public static let `default` = JSONLimits(depth: 512, byteCount: 1 << 30)

    /// Limits of one's own.
    public init(depth: Int, byteCount: Int) {
        self.depth = depth
        self.byteCount = byteCount
    }
}
