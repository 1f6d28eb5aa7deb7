import Checkpoint
import S3Client

/// The files that a job reads.
public struct ImportSource: Sendable {
    /// The files.
    public let files: any CheckpointSource
    /// Called once nobody needs them any more; reads that are under way fail.
    public let close: @Sendable () -> Void

    /// Files, and what frees them.
    public init(files: any CheckpointSource, close: @escaping @Sendable () -> Void = {}) {
        self.files = files
        self.close = close
    }
}

/// Finds the files that a job's URI means.
public protocol ImportSourceResolver: Sendable {
    /// The objects below a URI, which are read as they are now: one that is replaced before it has been read fails the
    /// import.
    /// - Throws: `ImportSourceError` when there are no such objects or the role may not read them.
    func source(for uri: S3URI, role: Role) async throws -> ImportSource
}
