import Checkpoint
import ModelLibrary
import OutcropNumerics

/// Why a model given on a command line cannot be used.
public enum ModelSourceError: Error, Sendable, CustomStringConvertible {
    /// Neither an imported model nor a folder.
    case notFound(String, known: [String])
    /// The model was imported with other dense matrices than asked for.
    case otherDenseFormat(name: String, imported: DenseFormat, wanted: DenseFormat)
    /// The library has a problem with it.
    case library(LibraryError)
    /// Its artifact has a problem.
    case artifact(ArtifactError)
    /// The checkpoint could not be imported.
    case importing(ImportError)

    /// The reason, and what to do.
    public var description: String {
        switch self {
        case .notFound(let text, let known):
            "'\(text)' is neither an imported model nor a checkpoint folder. "
                + (known.isEmpty
                    ? "Nothing is imported yet: outcrop import FOLDER --name NAME"
                    : "Imported: " + known.joined(separator: ", "))
        case .otherDenseFormat(let name, let imported, let wanted):
            "'\(name)' was imported with --dense \(imported.rawValue), --dense \(wanted.rawValue) is asked for: give its "
                + "checkpoint folder, or import it again"
        case .library(let error): "\(error)"
        case .artifact(let error): "\(error)"
        case .importing(let error): "\(error)"
        }
    }
}

/// A model that is ready to be loaded.
public struct ResolvedModel: Sendable {
    /// What to call it: its name, or the checkpoint folder's last part.
    public let name: String
    /// Its weights.
    public let artifact: Artifact
    /// What is known about it; nil when the manifest cannot be read.
    public let manifest: Manifest?
    /// The path of its own tokenizer; nil when it came without one (use the published vocabulary).
    public var tokenizerPath: String? { artifact.tokenizerPath }
}

/// Finds the model that a name or a folder means; a checkpoint folder is imported into a cache first.
///
/// The cache is keyed by the folder's path, its files' sizes and times and the options, so that a changed checkpoint is
/// imported anew and an unchanged one is not.
public enum ModelSource {
    /// Finds, and imports if need be. Blocks the calling thread; call it from a thread of your own.
    /// - Parameters:
    ///   - text: the name of an imported model, an artifact's folder or a checkpoint's folder.
    ///   - dense: how dense matrices must be stored; nil for whatever an imported model has, int8 for a folder.
    /// - Throws: `ModelSourceError`.
    public static func resolve(
        _ text: String, library: ModelLibrary, dense: DenseFormat? = nil, version: String = "",
        cancellation: ImportCancellation = ImportCancellation(),
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) throws(ModelSourceError) -> ResolvedModel {
        if library.contains(text) {
            let record: ModelRecord
            do throws(LibraryError) {
                record = try library.model(named: text)
            } catch {
                throw .library(error)
            }
            return try open(record.folder, name: record.name, dense)
        }
        guard FileSystem.status(of: text)?.kind == .folder, let path = try? FileSystem.resolved(text) else {
            throw .notFound(text, known: library.models().map(\.name))
        }
        let name = lastPart(of: path)
        if isArtifact(path) { return try open(path, name: name, dense) }
        let wanted = dense ?? .int8
        let key = CacheKey(checkpoint: path, dense: wanted)
        let cached = FileSystem.join(library.cacheFolder, key.folderName)
        if let model = try? open(cached, name: name, wanted) { return model }
        try importToCache(path, key, library, wanted, version, cancellation, progress)
        return try open(cached, name: name, wanted)
    }

    private static func importToCache(
        _ path: String, _ key: CacheKey, _ library: ModelLibrary, _ dense: DenseFormat, _ version: String,
        _ cancellation: ImportCancellation, _ progress: @escaping @Sendable (ImportProgress) -> Void
    ) throws(ModelSourceError) {
        library.sweep()
        // An artifact of this key that cannot be opened is damaged.
        let options = ImportOptions(dense: dense, replace: true, version: version)
        do throws(ImportError) {
            _ = try ImportRun(
                library: library, source: FolderSource(path), name: key.folderName, folder: library.cacheFolder,
                options: options, cancellation: cancellation, progress: progress
            ).run()
        } catch {
            throw .importing(error)
        }
        for old in (try? FileSystem.names(inFolder: library.cacheFolder)) ?? []
        where old.utf8.starts(with: key.checkpointPrefix.utf8) && old != key.folderName {
            // Artifacts of older states of the same checkpoint; who has one open keeps it.
            try? FileSystem.remove(FileSystem.join(library.cacheFolder, old))
        }
    }

    private static func open(
        _ folder: String, name: String, _ dense: DenseFormat?
    ) throws(ModelSourceError) -> ResolvedModel {
        let artifact: Artifact
        do throws(ArtifactError) {
            artifact = try Artifact(folder: folder)
        } catch {
            throw .artifact(error)
        }
        if let dense, dense != artifact.dense {
            throw .otherDenseFormat(name: name, imported: artifact.dense, wanted: dense)
        }
        return ResolvedModel(name: name, artifact: artifact, manifest: Manifest(inFolder: folder))
    }

    private static func isArtifact(_ path: String) -> Bool {
        let weights = FileSystem.join(path, Artifact.fileName)
        guard FileSystem.status(of: weights) != nil else { return false }
        return SafetensorsFile.open(weights).file?.header.metadata("outcrop.format") != nil
    }

    private static func lastPart(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? "model"
    }
}
