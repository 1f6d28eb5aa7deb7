import Checkpoint
import FoundationEssentials
import JSON
import ModelLibrary
import OutcropNumerics

/// One import, from the checkpoint's headers to the model's name.
struct ImportRun {
    /// Where the models are.
    let library: ModelLibrary
    let source: any CheckpointSource
    let name: String
    /// Where the model's folder goes.
    let folder: String
    let options: ImportOptions
    let cancellation: ImportCancellation
    let progress: @Sendable (ImportProgress) -> Void

    /// Imports the checkpoint. Blocks the calling thread.
    /// - Throws: `ImportError`; nothing is left of the import then.
    func run() throws(ImportError) -> ModelRecord {
        let started = ContinuousClock.now
        progress(ImportProgress(phase: .validating, bytesDone: 0, bytesTotal: 0))
        let checkpoint: Checkpoint
        do throws(CheckpointError) {
            checkpoint = try Checkpoint(source, isStrict: options.isStrict)
        } catch {
            throw .checkpoint(error)
        }
        let base = try findBase(checkpoint)
        let plan = try ConversionPlan(checkpoint, dense: options.dense)
        let staging = try makeStaging(byteCount: plan.file.fileByteCount)
        do throws(ImportError) {
            let results = try convert(plan, to: staging)
            let comparison = try base.map { base throws(ImportError) in
                try compare(staging, checkpoint, plan, base)
            }
            report(.publishing, plan)
            let manifest = self.manifest(
                checkpoint, plan, ConversionReport(plan.steps, results), comparison, since: started)
            let tokenizer = try readTokenizer(checkpoint)
            try checkUnchanged(checkpoint)
            try finish(staging, tokenizer, manifest)
            try publish(staging)
            return ModelRecord(name: name, folder: FileSystem.join(folder, name), manifest: manifest)
        } catch {
            staging.discard()
            throw error
        }
    }

    /// Reports a phase that begins when all weights are converted.
    private func report(_ phase: ImportProgress.Phase, _ plan: ConversionPlan) {
        progress(ImportProgress(phase: phase, bytesDone: plan.sourceByteCount, bytesTotal: plan.sourceByteCount))
    }

    private func findBase(_ checkpoint: Checkpoint) throws(ImportError) -> BaseModel? {
        guard let name = options.base else { return nil }
        return try BaseModel(
            name, for: checkpoint.configuration, library: library, options: options, cancellation: cancellation,
            progress: progress)
    }

    private func manifest(
        _ checkpoint: Checkpoint, _ plan: ConversionPlan, _ report: ConversionReport, _ comparison: BaseComparison?,
        since started: ContinuousClock.Instant
    ) -> Manifest {
        var warnings = checkpoint.findings.filter { $0.severity > .note }.map(\.importNote) + report.warnings
        if let comparison, comparison.isIdentical { warnings.append("warning: " + comparison.verdict) }
        return Manifest(
            id: options.id ?? ModelIdentifier.random(), name: name, created: Timestamp.now.description,
            version: options.version, source: source.origin, layout: checkpoint.layout.kind.rawValue,
            sourceByteCount: checkpoint.byteCount, artifactByteCount: plan.file.fileByteCount, dense: options.dense,
            parameterCount: checkpoint.configuration.parameterCount,
            seconds: (ContinuousClock.now - started) / .seconds(1), errors: report.errors, warnings: warnings,
            base: comparison)
    }

    /// Threads that are asked for, or one per processor.
    private var threads: Int { options.threads ?? min(Machine.computeThreads, 8) }

    /// Kept free beside the artifact: its manifest and tokenizer, and some air.
    private static let spareByteCount = 32 << 20

    /// What the threads' buffers may take together, by the source bytes of their steps.
    private static let bufferByteLimit = 768 << 20

    private func makeStaging(byteCount: Int) throws(ImportError) -> StagingFolder {
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
    private func convert(_ plan: ConversionPlan, to staging: StagingFolder) throws(ImportError) -> [StepResult] {
        let output: OutputFile
        do throws(FileError) {
            output = try OutputFile(creating: FileSystem.join(staging.path, Artifact.fileName))
            try output.reserve(byteCount: plan.file.fileByteCount)
            try output.write(plan.file.headerBytes, at: 0)
        } catch {
            throw .writing(error, folder: staging.path, needed: plan.file.fileByteCount)
        }
        let threads = max(min(self.threads, Self.bufferByteLimit / max(plan.largestStepByteCount, 1)), 1)
        let run = ConversionRun(plan: plan, output: output, cancellation: cancellation, progress: progress)
        let results = try run.run(threads: threads)
        report(.flushing, plan)
        do throws(FileError) {
            try output.synchronize()
        } catch {
            throw .writing(error, folder: staging.path, needed: plan.file.fileByteCount)
        }
        return results
    }

    /// Compares what was written with the base.
    private func compare(
        _ staging: StagingFolder, _ checkpoint: Checkpoint, _ plan: ConversionPlan, _ base: BaseModel
    ) throws(ImportError) -> BaseComparison {
        let artifact = ArtifactLayout(configuration: checkpoint.configuration, dense: options.dense)
        let comparison = try ComparisonPlan(plan.file, artifact, base: base)
        let file: RandomAccessFile
        do throws(FileError) {
            file = try RandomAccessFile(path: FileSystem.join(staging.path, Artifact.fileName))
        } catch {
            throw .file(error)
        }
        let run = ComparisonRun(
            plan: comparison, file: file, base: base, cancellation: cancellation, progress: progress)
        return try run.run(threads: threads)
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
    private func finish(_ staging: StagingFolder, _ tokenizer: [UInt8]?, _ manifest: Manifest) throws(ImportError) {
        do throws(FileError) {
            if let tokenizer {
                try AtomicFile.write(tokenizer, to: FileSystem.join(staging.path, Artifact.tokenizerFileName))
            }
            try AtomicFile.write(
                Array((manifest.json.serialized(pretty: true) + "\n").utf8),
                to: FileSystem.join(staging.path, Manifest.fileName))
        } catch {
            throw .writing(error, folder: staging.path, needed: manifest.artifactByteCount)
        }
    }

    private func publish(_ staging: StagingFolder) throws(ImportError) {
        do throws(FileError) {
            try staging.publish(as: name, replace: options.replace)
        } catch {
            // Somebody else took the name meanwhile.
            let isTaken = !options.replace && FileSystem.status(of: FileSystem.join(folder, name)) != nil
            throw isTaken ? .library(.nameTaken(name)) : .file(error)
        }
    }
}
