import Checkpoint
import ModelLibrary
import OutcropNumerics

/// Turns checkpoints into artifacts.
///
/// Memory stays bounded (some hundred megabytes) whatever the model's size, and the checkpoint is read once. Until the
/// last rename there is only a hidden staging folder: interrupted at any point, an import leaves no half model.
public struct Importer: Sendable {
    /// Where the models go.
    public let library: ModelLibrary

    /// An importer into a library.
    public init(library: ModelLibrary) {
        self.library = library
    }

    /// Imports a checkpoint. Blocks the calling thread; call it from a thread of your own.
    /// - Parameters:
    ///   - source: the checkpoint's files.
    ///   - name: the model's name.
    ///   - progress: called often and from several threads, one at a time.
    /// - Returns: the new model.
    /// - Throws: `ImportError`; nothing is left of the import then.
    public func run(
        _ source: any CheckpointSource, name: String, options: ImportOptions = ImportOptions(),
        cancellation: ImportCancellation = ImportCancellation(),
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) throws(ImportError) -> ModelRecord {
        guard ModelLibrary.isValidName(name) else { throw .library(.invalidName(name)) }
        library.sweep()
        let lock: FileLock?
        do throws(LibraryError) {
            lock = try library.lock(named: name)
        } catch {
            throw .library(error)
        }
        guard lock != nil else { throw .nameBusy(name) }
        defer { withExtendedLifetime(lock) {} }
        guard options.replace || !library.contains(name) else { throw .library(.nameTaken(name)) }
        return try ImportRun(
            library: library, source: source, name: name, folder: library.modelsFolder, options: options,
            cancellation: cancellation, progress: progress
        ).run()
    }

    /// Imports the checkpoint in a folder of this machine.
    public func run(
        _ path: String, name: String, options: ImportOptions = ImportOptions(),
        cancellation: ImportCancellation = ImportCancellation(),
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) throws(ImportError) -> ModelRecord {
        try run(FolderSource(path), name: name, options: options, cancellation: cancellation, progress: progress)
    }
}
