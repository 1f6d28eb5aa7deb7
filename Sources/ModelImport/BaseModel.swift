import Checkpoint
import ModelLibrary
import OutcropNumerics

/// What an import is compared with: a model of the same shape, stored in the same way.
struct BaseModel: Sendable {
    /// What it was called.
    let name: String
    private let artifact: Artifact
    /// Its weights.
    let file: RandomAccessFile

    /// Finds it; a checkpoint's folder is imported into the cache first.
    /// - Parameters:
    ///   - name: an imported model's name or a checkpoint's folder.
    ///   - configuration: the shape that it must have.
    /// - Throws: `ImportError`.
    init(
        _ name: String, for configuration: ModelConfiguration, library: ModelLibrary, options: ImportOptions,
        cancellation: ImportCancellation, progress: @escaping @Sendable (ImportProgress) -> Void
    ) throws(ImportError) {
        func check(_ base: ModelConfiguration) throws(ImportError) {
            guard let reason = configuration.shapeMismatch(base: base) else { return }
            throw .baseMismatch(base: name, reason: reason)
        }
        // A folder's configuration tells before the import what the artifact's would after it.
        if !library.contains(name), let checkpoint = try? Checkpoint(path: name) { try check(checkpoint.configuration) }
        do throws(ModelSourceError) {
            artifact = try ModelSource.resolve(
                name, library: library, dense: options.dense, version: options.version, cancellation: cancellation
            ) { progress(ImportProgress(phase: .importingBase, bytesDone: $0.bytesDone, bytesTotal: $0.bytesTotal)) }
            .artifact
        } catch {
            if case .importing(.cancelled) = error { throw .cancelled }
            throw .base(error)
        }
        try check(artifact.configuration)
        do throws(FileError) {
            file = try RandomAccessFile(path: artifact.file.path)
        } catch {
            throw .base(.artifact(.file(error)))
        }
        self.name = name
    }

    /// Where a tensor is in the file.
    /// - Throws: `ImportError.base` when there is none of that name.
    func tensor(_ name: String) throws(ImportError) -> TensorInfo {
        do throws(ArtifactError) {
            return try artifact.tensor(name)
        } catch {
            throw .base(.artifact(error))
        }
    }
}

extension ModelConfiguration {
    /// Why no tensor by tensor comparison with a base is possible; nil when one is.
    func shapeMismatch(base: ModelConfiguration) -> String? {
        let sizes: [(what: String, size: KeyPath<ModelConfiguration, Int>)] = [
            ("layers", \.layerCount), ("hidden size", \.hiddenSize), ("intermediate size", \.intermediateSize),
            ("head size", \.headDim), ("query heads", \.queryHeadCount), ("key and value heads", \.keyValueHeadCount),
            ("experts", \.expertCount), ("vocabulary", \.vocabularySize),
        ]
        let different = sizes.filter { self[keyPath: $0.size] != base[keyPath: $0.size] }
        guard !different.isEmpty else { return nil }
        return different.map {
            "its \($0.what): \(base[keyPath: $0.size]), the checkpoint's: \(self[keyPath: $0.size])"
        }
        .joined(separator: "; ")
    }
}
