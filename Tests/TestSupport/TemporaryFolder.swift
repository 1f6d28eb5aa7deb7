import Foundation

/// A folder of this test's own that is gone when the object is.
public final class TemporaryFolder: Sendable {
    /// Its absolute path.
    public let path: String

    /// Creates the folder.
    public init() throws {
        path = NSTemporaryDirectory() + "outcrop-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file or folder in it.
    public func join(_ name: String) -> String { path + "/" + name }

    /// Copies a folder into this one; what it holds can be changed then.
    /// - Returns: the copy's path.
    public func copy(_ folder: URL, as name: String) throws -> String {
        try FileManager.default.copyItem(atPath: folder.path, toPath: join(name))
        return join(name)
    }
}
