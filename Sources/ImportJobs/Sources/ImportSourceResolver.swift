import Checkpoint

/// Finds the files that a job's URI means.
public protocol ImportSourceResolver: Sendable {
    /// The objects below a URI, which are read as they are now: one that is replaced before it has been read fails the
    /// import.
    /// - Throws: `ImportSourceError` when there are no such objects or the role may not read them.
    func source(for uri: S3URI, role: Role) async throws -> any CheckpointSource
}
