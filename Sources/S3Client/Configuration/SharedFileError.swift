/// A line of a shared file that cannot be read.
public struct SharedFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line, from 1; 0 for the file as a whole.
    public let line: Int
    /// What is wrong with it, in words that hold none of it.
    public let reason: String

    /// Line and reason.
    public var description: String { line == 0 ? reason : "line \(line): \(reason)" }
}
