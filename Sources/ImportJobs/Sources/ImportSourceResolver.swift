/// Finds the files that a job's URI means.
public protocol ImportSourceResolver: Sendable {
    /// Puts every object below a URI into a folder, under its name behind the prefix, so that they stay as they are until the
    /// folder is removed whatever happens to the objects.
    /// - Parameter folder: an empty folder on the data folder's file system.
    /// - Throws: `ImportSourceError` when there are no such objects or the role may not read them.
    func place(_ uri: S3URI, role: Role, in folder: String) async throws
}
