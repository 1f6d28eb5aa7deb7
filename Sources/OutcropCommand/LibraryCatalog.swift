import APISupport
import Foundation
import Inference
import ModelImport
import ModelLibrary
import OutcropNumerics

/// The imported models of the data folder, for a server that loads them when they are asked for.
struct LibraryCatalog: ModelCatalog {
    let library: ModelLibrary
    let options: EngineOptions

    func entries() async throws -> [ModelEntry] {
        let library = library
        return try await onOwnThread { library.models().map(Self.entry) }
    }

    func entry(_ text: String) async throws -> ModelEntry? {
        let library = library
        return try await onOwnThread {
            if let model = try? library.model(named: text) { return Self.entry(model) }
            return library.models().first { $0.manifest.id.utf8.elementsEqual(text.utf8) }.map(Self.entry)
        }
    }

    func open(_ entry: ModelEntry) async throws -> OpenedModel {
        let (library, options) = (library, options)
        return try await onOwnThread {
            let resolved = try ModelSource.resolve(entry.name, library: library)
            return try OpenModel(resolved, names: [entry.name], options: options).opened
        }
    }

    private static func entry(_ model: ModelRecord) -> ModelEntry {
        ModelEntry(
            id: model.manifest.id, names: [model.name], created: model.manifest.unixSeconds,
            byteCount: model.manifest.artifactByteCount)
    }
}

extension Manifest {
    /// When the model was imported, in seconds since 1970; 0 when that is not known.
    var unixSeconds: Int {
        (try? Date(created, strategy: .iso8601)).map { Int($0.timeIntervalSince1970) } ?? 0
    }
}
