import ModelImport
import ModelLibrary

/// Runs an import off Swift concurrency's threads, shows its progress and stops it at Ctrl-C, so that nothing of it is
/// left.
enum ImportTask {
    /// Imports a checkpoint into the library.
    /// - Returns: what is known about the new model.
    /// - Throws: `ImportError`.
    static func run(
        path: String, name: String, library: ModelLibrary, options: ImportOptions
    ) async throws -> Manifest {
        try await withProgress { progress, cancellation in
            try Importer(library: library).run(
                path, name: name, options: options, cancellation: cancellation, progress: progress
            ).manifest
        }
    }

    /// Runs blocking work that reports import progress on a thread of its own.
    static func withProgress<Result: Sendable>(
        _ work: @escaping @Sendable (@escaping @Sendable (ImportProgress) -> Void, ImportCancellation) throws -> Result
    ) async throws -> Result {
        let cancellation = ImportCancellation()
        let display = ProgressDisplay()
        let interrupts = InterruptHandler { cancellation.cancel() }
        defer { interrupts.stop() }
        defer { display.finish() }
        return try await onOwnThread {
            try work(
                { display.update(phase: $0.phase.rawValue, done: $0.bytesDone, total: $0.bytesTotal) }, cancellation)
        }
    }
}
