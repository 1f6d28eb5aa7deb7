import Checkpoint
import ModelImport
import ModelLibrary
import OutcropNumerics
import S3Client

/// The work of a job: its role is checked, its source found, the checkpoint validated and imported.
public struct CheckpointImport: ImportWork {
    private let library: ModelLibrary
    private let roles: RoleFile
    private let resolver: any ImportSourceResolver
    private let options: ImportOptions

    /// - Parameter options: how checkpoints are validated and converted.
    public init(
        _ library: ModelLibrary, roles: RoleFile, resolver: any ImportSourceResolver,
        options: ImportOptions = ImportOptions()
    ) {
        self.library = library
        self.roles = roles
        self.resolver = resolver
        self.options = options
    }

    /// Imports the checkpoint of a job.
    /// - Returns: the findings that did not stop it, a line each; nil when there are none.
    /// - Throws: `ImportSourceError`, `ImportError`, or what the source's reader throws.
    public func run(
        _ job: ImportJob, progress: @escaping @Sendable (ImportProgress) -> Void
    ) async throws -> String? {
        let uri = try S3URI(job.source)
        let roles = roles
        let role = try await onOwnThread { try roles.role(job.role) }
        try role.checkMayRead(uri)
        let source = try await resolver.source(for: uri, role: role)
        defer { source.close() }
        let importer = Importer(library: library)
        var options = options
        options.id = job.modelID
        options.replace = false
        let finalOptions = options
        let cancellation = ImportCancellation()
        let model = try await withTaskCancellationHandler {
            try await onOwnThread {
                try importer.run(
                    source.files, name: job.modelName, options: finalOptions, cancellation: cancellation,
                    progress: progress)
            }
        } onCancel: {
            cancellation.cancel()
            source.close()
        }
        let warnings = model.manifest.warnings
        return warnings.isEmpty ? nil : warnings.joined(separator: "\n")
    }
}
