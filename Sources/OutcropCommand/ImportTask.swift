import ModelImport
import ModelLibrary
import OutcropNumerics

/// Runs imports off Swift concurrency's threads and shows their progress.
enum ImportTask {
    /// Imports a checkpoint into the library.
    /// - Returns: what is known about the new model.
    /// - Throws: `ImportError`.
    static func run(
        path: String, name: String, library: ModelLibrary, options: ImportOptions,
        cancellation: ImportCancellation = ImportCancellation()
    ) async throws -> Manifest {
        try await withProgress { progress in
            try Importer(library: library).run(
                path, name: name, options: options, cancellation: cancellation, progress: progress
            ).manifest
        }
    }

    /// Runs blocking work that reports import progress on a thread of its own.
    static func withProgress<Result: Sendable>(
        _ work: @escaping @Sendable (@escaping @Sendable (ImportProgress) -> Void) throws -> Result
    ) async throws -> Result {
        let display = ProgressDisplay()
        defer { display.finish() }
        return try await onOwnThread {
            try work { display.update($0) }
        }
    }
}
