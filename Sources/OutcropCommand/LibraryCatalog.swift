import APISupport
import Inference
import ModelImport
import ModelLibrary
import OutcropNumerics

/// The imported models of the data folder, for a server that loads them when they are asked for.
struct LibraryCatalog: ModelCatalog {
    let records: LibraryRecords
    let options: EngineOptions

    func entries() async throws -> [ModelEntry] {
        var query = RecordQuery()
        var entries: [ModelEntry] = []
        while true {
            let page = try await records.models(query)
            entries += page.elements.map(entry)
            guard let next = page.next else { return entries }
            query.start = next
        }
    }

    func entry(_ text: String) async throws -> ModelEntry? { try await records.model(text).map { entry($0) } }

    func open(_ entry: ModelEntry) async throws -> OpenedModel {
        let (library, options) = (records.library, options)
        return try await onOwnThread {
            let resolved = try ModelSource.resolve(entry.name, library: library)
            return try OpenModel(resolved, names: [entry.name], options: options).opened
        }
    }

    private func entry(_ model: ImportedModel) -> ModelEntry {
        ModelEntry(
            id: model.id, names: [model.name], created: model.created.seconds,
            byteCount: model.artifactByteCount + (options.keyValueBytes ?? 0))
    }
}

extension Manifest {
    /// When the model was imported, in seconds since 1970; 0 when that is not known.
    var unixSeconds: Int {
        Timestamp(created)?.seconds ?? 0
    }
}
