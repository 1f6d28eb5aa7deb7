import OutcropNumerics

/// A model in the library.
public struct ModelRecord: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// The artifact's folder.
    public let folder: String
    /// What is known about it.
    public let manifest: Manifest

    /// Describes a model.
    public init(name: String, folder: String, manifest: Manifest) {
        self.name = name
        self.folder = folder
        self.manifest = manifest
    }
}

/// Why the library cannot do what was asked.
public enum LibraryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name is not allowed.
    case invalidName(String)
    /// There is no model of that name; the names that there are.
    case unknownModel(String, known: [String])
    /// There is a model of that name already.
    case nameTaken(String)
    /// The model's folder is damaged.
    case damaged(String, reason: String)
    /// A file operation failed.
    case file(FileError)

    /// The reason, and what to do.
    public var description: String {
        switch self {
        case .invalidName(let name):
            "'\(name)' is no model name: 1 to 128 letters, digits, dots, hyphens and underscores, the first a letter or digit"
        case .unknownModel(let name, let known):
            "there is no model '\(name)'. "
                + (known.isEmpty
                    ? "Nothing is imported yet: outcrop import FOLDER --name NAME"
                    : "Imported: "
                        + known.joined(separator: ", "))
        case .nameTaken(let name):
            "there is a model '\(name)' already: choose another name, remove it first, or replace it (--replace)"
        case .damaged(let name, let reason): "the model '\(name)' is damaged (\(reason)): remove it and import it again"
        case .file(let error): "\(error)"
        }
    }
}

/// The imported models: one folder each in `models/` of the data folder.
///
/// A model appears by one rename of a finished folder and disappears by one rename to a hidden name, so that whoever
/// lists or opens models sees whole ones only. Hidden names are what imports and removals in progress, or dead ones,
/// leave behind; `sweep` clears the dead ones' away.
public struct ModelLibrary: Sendable {
    /// The data folder.
    public let dataFolder: String
    /// Where the models are.
    public var modelsFolder: String { FileSystem.join(dataFolder, "models") }
    /// Where artifacts of checkpoints that were used without an import are.
    public var cacheFolder: String { FileSystem.join(dataFolder, "cache") }

    /// The library in a data folder, which need not exist yet.
    public init(dataFolder: String) {
        self.dataFolder = dataFolder
    }

    /// Whether a model may have this name: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`.
    public static func isValidName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, bytes.count <= 128, isLetterOrDigit(first) else { return false }
        return bytes.allSatisfy { isLetterOrDigit($0) || [0x2E, 0x5F, 0x2D].contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// The folder that a model of this name has or would have.
    /// - Throws: `LibraryError.invalidName`.
    public func folder(named name: String) throws(LibraryError) -> String {
        guard Self.isValidName(name) else { throw .invalidName(name) }
        return FileSystem.join(modelsFolder, name)
    }

    /// Takes the exclusive right to import a model of this name; nil when somebody else has it. The system releases it
    /// when the process ends, however it ends.
    /// - Throws: `LibraryError` when the name is not allowed or the folder cannot be written.
    public func lock(named name: String) throws(LibraryError) -> FileLock? {
        guard Self.isValidName(name) else { throw .invalidName(name) }
        do throws(FileError) {
            try FileSystem.createFolder(modelsFolder)
            return try FileLock.tryCreating(FileSystem.join(modelsFolder, ".lock-" + name))
        } catch {
            throw .file(error)
        }
    }

    /// Whether there is a model of this name.
    public func contains(_ name: String) -> Bool {
        guard let folder = try? folder(named: name) else { return false }
        return FileSystem.status(of: folder)?.kind == .folder
    }

    /// All models, by name. Folders that are no models are left out.
    public func models() -> [ModelRecord] {
        let names = (try? FileSystem.names(inFolder: modelsFolder)) ?? []
        return names.compactMap { try? model(named: $0) }
    }

    /// The model of a name.
    /// - Throws: `LibraryError` when there is none, or it is damaged.
    public func model(named name: String) throws(LibraryError) -> ModelRecord {
        let folder = try folder(named: name)
        guard FileSystem.status(of: folder)?.kind == .folder else {
            throw .unknownModel(name, known: models().map(\.name))
        }
        guard let manifest = Manifest(inFolder: folder) else {
            throw .damaged(name, reason: "manifest.json is missing or not what an import writes")
        }
        return ModelRecord(name: name, folder: folder, manifest: manifest)
    }

    /// Removes a model. Processes that have it open keep their mapping; the name is free at once.
    /// - Throws: `LibraryError` when there is none, or it cannot be removed.
    public func remove(named name: String) throws(LibraryError) {
        let folder = try folder(named: name)
        guard FileSystem.status(of: folder) != nil else { throw .unknownModel(name, known: models().map(\.name)) }
        let trash = FileSystem.join(modelsFolder, Self.hiddenName(.trash, name))
        do throws(FileError) {
            try FileSystem.rename(folder, to: trash)
            try FileSystem.synchronizeFolder(modelsFolder)
            try FileSystem.remove(trash)
        } catch {
            throw .file(error)
        }
    }
}
