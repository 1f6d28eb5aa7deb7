import Checkpoint
import ModelImport
import ModelLibrary
import OutcropNumerics

/// Random weights for measuring: written, imported, and kept for the next time.
enum SyntheticTask {
    /// Writes a synthetic checkpoint, showing progress.
    /// - Throws: `FileError`, also when it was cancelled; nothing is left then.
    static func write(
        to folder: String, size: SyntheticSize, layout: LayoutKind, seed: UInt64, cancellation: ImportCancellation
    ) async throws {
        let display = ProgressDisplay()
        defer { display.finish() }
        try await onOwnThread {
            try SyntheticCheckpoint.write(
                to: folder, size: size, layout: layout, seed: seed, threads: Machine.computeThreads,
                progress: { display.update(phase: "writing random weights", done: $0, total: $1) },
                isCancelled: { cancellation.isCancelled })
        }
    }

    /// The imported random weights of a size: those of an earlier run, or new ones.
    static func model(_ size: SyntheticSize, dense: DenseFormat, library: ModelLibrary) async throws -> ModelRecord {
        // A library of its own, so that random models are not listed among the real ones.
        let own = ModelLibrary(dataFolder: FileSystem.join(library.dataFolder, "synthetic"))
        let name = "\(size.rawValue)-\(dense.rawValue)"
        if own.contains(name) { return try own.model(named: name) }
        let checkpoint = FileSystem.join(own.dataFolder, "checkpoint-\(size.rawValue)")
        defer { try? FileSystem.remove(checkpoint) }
        // Killed, it would leave twice the model's size on the disk.
        let cancellation = ImportCancellation()
        let interrupts = InterruptHandler(of: InterruptHandler.endings) { cancellation.cancel() }
        defer { withExtendedLifetime(interrupts) {} }
        try await write(
            to: checkpoint, size: size, layout: .huggingFaceMXFP4, seed: 0, cancellation: cancellation)
        _ = try await ImportTask.run(
            path: checkpoint, name: name, library: own,
            options: ImportOptions(dense: dense, version: Product.version), cancellation: cancellation)
        return try own.model(named: name)
    }
}
