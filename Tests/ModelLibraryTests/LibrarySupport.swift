import Foundation
import JSON
import ModelLibrary
import OutcropNumerics
import TestSupport

/// A data folder with models that consist of their manifests.
struct TestLibrary: Sendable {
    let folder: TemporaryFolder
    var library: ModelLibrary { ModelLibrary(dataFolder: folder.path) }

    init() throws { folder = try TemporaryFolder() }

    /// Publishes a model as an import does: by one rename.
    @discardableResult
    func publish(_ name: String, created: String = "2026-01-02T03:04:05Z") throws -> Manifest {
        let manifest = Manifest(
            name: name, created: created, version: "1", source: "/checkpoints/\(name)", layout: "huggingface-mxfp4",
            sourceByteCount: 10, artifactByteCount: 20_000_000_000, dense: .int8, parameterCount: 5, seconds: 1,
            errors: [], warnings: [])
        let staging = FileSystem.join(library.modelsFolder, ModelLibrary.hiddenName(.partial, name))
        try FileSystem.createFolder(staging)
        try AtomicFile.write(manifest.json.serializedBytes(), to: FileSystem.join(staging, Manifest.fileName))
        try FileSystem.rename(staging, to: FileSystem.join(library.modelsFolder, name))
        return manifest
    }
}
