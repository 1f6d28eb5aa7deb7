import Checkpoint
import FoundationEssentials
import JSON
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
        return try run(
            source, name: name, folder: library.modelsFolder, options: options, cancellation: cancellation,
            progress: progress)
    }

    /// Imports the checkpoint in a folder of this machine.
    public func run(
        _ path: String, name: String, options: ImportOptions = ImportOptions(),
        cancellation: ImportCancellation = ImportCancellation(),
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) throws(ImportError) -> ModelRecord {
        try run(FolderSource(path), name: name, options: options, cancellation: cancellation, progress: progress)
    }

    /// Imports into a folder of the caller's choice.
    func run(
        _ source: any CheckpointSource, name: String, folder: String, options: ImportOptions,
        cancellation: ImportCancellation,
        progress: @escaping @Sendable (ImportProgress) -> Void
    ) throws(ImportError) -> ModelRecord {
        let started = ContinuousClock.now
        progress(ImportProgress(phase: .validating, bytesDone: 0, bytesTotal: 0))
        let checkpoint: Checkpoint
        do throws(CheckpointError) {
            checkpoint = try Checkpoint(source, isStrict: options.isStrict)
        } catch {
            throw .checkpoint(error)
        }
        let base = try options.base.map { name throws(ImportError) in
            try BaseModel(
                name, for: checkpoint.configuration, library: library, options: options, cancellation: cancellation,
                progress: progress)
        }
        let plan = try ConversionPlan(checkpoint, dense: options.dense)
        let staging = try makeStaging(in: folder, for: name, byteCount: plan.file.fileByteCount)
        do throws(ImportError) {
            let results = try convert(plan, to: staging, options, cancellation, progress)
            let report = ConversionReport(plan.steps, results)
            let comparison = try base.map { base throws(ImportError) in
                try compare(staging, checkpoint, plan.file, base, options, cancellation, progress)
            }
            progress(
                ImportProgress(
                    phase: .publishing, bytesDone: plan.sourceByteCount, bytesTotal: plan.sourceByteCount))
            let manifest = Manifest(
                id: options.id ?? ModelIdentifier.random(), name: name, created: Date.now.formatted(.iso8601),
                version: options.version,
                source: (try? FileSystem.resolved(source.location)) ?? source.location,
                layout: checkpoint.layout.kind.rawValue,
                sourceByteCount: checkpoint.byteCount, artifactByteCount: plan.file.fileByteCount,
                dense: options.dense, parameterCount: checkpoint.configuration.parameterCount,
                seconds: (ContinuousClock.now - started) / .seconds(1), errors: report.errors,
                warnings: checkpoint.findings.filter { $0.severity > .note }.map(\.importNote) + report.warnings
                    + (comparison?.isIdentical == true ? ["warning: \(comparison?.verdict ?? "")"] : []),
                base: comparison)
            let tokenizer = try readTokenizer(checkpoint)
            try checkUnchanged(checkpoint)
            try finish(staging, tokenizer, manifest, needed: plan.file.fileByteCount)
            try publish(staging, name, folder, replace: options.replace)
            return ModelRecord(name: name, folder: FileSystem.join(folder, name), manifest: manifest)
        } catch {
            staging.discard()
            throw error
        }
    }

    /// Kept free beside the artifact: its manifest and tokenizer, and some air.
    private static let spareByteCount = 32 << 20

    /// What the threads' buffers may take together, by the source bytes of their steps.
    private static let bufferByteLimit = 768 << 20

    private func makeStaging(in folder: String, for name: String, byteCount: Int) throws(ImportError) -> StagingFolder {
        let needed = byteCount + Self.spareByteCount
        do throws(FileError) {
            try FileSystem.createFolder(folder)
        } catch {
            throw .writing(error, folder: folder, needed: needed)
        }
        if let free = FileSystem.freeBytes(at: folder), free < needed {
            throw .diskFull(folder: folder, needed: needed, free: free)
        }
        do throws(FileError) {
            return try StagingFolder(in: folder, for: name)
        } catch {
            throw .writing(error, folder: folder, needed: needed)
        }
    }

    /// Writes the weights' file.
    private func convert(
        _ plan: ConversionPlan, to staging: StagingFolder, _ options: ImportOptions, _ cancellation: ImportCancellation,
        _ progress: @escaping @Sendable (ImportProgress) -> Void
    ) throws(ImportError) -> [StepResult] {
        let output: OutputFile
        do throws(FileError) {
            output = try OutputFile(creating: FileSystem.join(staging.path, Artifact.fileName))
            try output.reserve(byteCount: plan.file.fileByteCount)
            try output.write(plan.file.headerBytes, at: 0)
        } catch {
            throw .writing(error, folder: staging.path, needed: plan.file.fileByteCount)
        }
        let wanted = options.threads ?? min(Machine.processorCount, 8)
        let threads = max(min(wanted, Self.bufferByteLimit / max(plan.largestStepByteCount, 1)), 1)
        let run = ConversionRun(plan: plan, output: output, cancellation: cancellation, progress: progress)
        let results = try run.run(threads: threads)
        progress(
            ImportProgress(phase: .flushing, bytesDone: plan.sourceByteCount, bytesTotal: plan.sourceByteCount))
        do throws(FileError) {
            try output.synchronize()
        } catch {
            throw .writing(error, folder: staging.path, needed: plan.file.fileByteCount)
        }
        return results
    }

    /// Compares what was written with the base.
    private func compare(
        _ staging: StagingFolder, _ checkpoint: Checkpoint, _ layout: SafetensorsLayout, _ base: BaseModel,
        _ options: ImportOptions, _ cancellation: ImportCancellation,
        _ progress: @escaping @Sendable (ImportProgress) -> Void
    ) throws(ImportError) -> BaseComparison {
        let artifact = ArtifactLayout(configuration: checkpoint.configuration, dense: options.dense)
        let plan = try ComparisonPlan(layout, artifact, base: base)
        let file: RandomAccessFile
        do throws(FileError) {
            file = try RandomAccessFile(path: FileSystem.join(staging.path, Artifact.fileName))
        } catch {
            throw .file(error)
        }
        let run = ComparisonRun(plan: plan, file: file, base: base, cancellation: cancellation, progress: progress)
        return try run.run(threads: options.threads ?? min(Machine.processorCount, 8))
    }

    private func checkUnchanged(_ checkpoint: Checkpoint) throws(ImportError) {
        do throws(FileError) {
            try checkpoint.checkUnchanged()
        } catch {
            throw .source(error)
        }
    }

    /// The bytes of the checkpoint's own tokenizer, if it has one.
    private func readTokenizer(_ checkpoint: Checkpoint) throws(ImportError) -> [UInt8]? {
        guard let file = checkpoint.tokenizer else { return nil }
        do throws(FileError) {
            return try file.read(at: 0, count: file.byteCount)
        } catch {
            throw .source(error)
        }
    }

    /// Writes the manifest and the tokenizer.
    private func finish(
        _ staging: StagingFolder, _ tokenizer: [UInt8]?, _ manifest: Manifest, needed: Int
    ) throws(ImportError) {
        do throws(FileError) {
            if let tokenizer {
                try AtomicFile.write(tokenizer, to: FileSystem.join(staging.path, Artifact.tokenizerFileName))
            }
            try AtomicFile.write(
                Array((manifest.json.serialized(pretty: true) + "\n").utf8),
                to: FileSystem.join(staging.path, Manifest.fileName))
        } catch {
            throw .writing(error, folder: staging.path, needed: needed)
        }
    }

    private func publish(
        _ staging: StagingFolder, _ name: String, _ folder: String, replace: Bool
    ) throws(ImportError) {
        do throws(FileError) {
            try staging.publish(as: name, replace: replace)
        } catch {
            // Somebody else took the name meanwhile.
            let isTaken = !replace && FileSystem.status(of: FileSystem.join(folder, name)) != nil
            throw isTaken ? .library(.nameTaken(name)) : .file(error)
        }
    }
}
