import GRDB
import OutcropNumerics

extension LibraryRecords {
    /// Makes the models' records those of the models whose folders exist. Within a write transaction, so that of two
    /// processes the later one sees the later state.
    package static func reconcile(_ database: Database, _ library: ModelLibrary) throws {
        var missing = try Dictionary(
            uniqueKeysWithValues: Row.fetchAll(database, sql: "SELECT name, manifest_version FROM models").map {
                (name: Array(($0["name"] as String).utf8), version: $0["manifest_version"] as String)
            })
        var new: [(manifest: Manifest, name: String, version: String)] = []
        for name in (try? FileSystem.names(inFolder: library.modelsFolder)) ?? [] {
            guard let folder = try? library.folder(named: name), let version = manifestVersion(folder) else { continue }
            // Folders that did not change are not read.
            if missing[Array(name.utf8)] == version {
                missing[Array(name.utf8)] = nil
            } else if let manifest = Manifest(inFolder: folder) {
                new.append((manifest, name, version))
            }
        }
        for name in missing.keys { try forget(String(decoding: name, as: UTF8.self), database) }
        for model in new { try insert(model.manifest, model.name, model.version, database) }
    }

    /// Changes when a model's manifest does; nil when the folder holds no model.
    private static func manifestVersion(_ folder: String) -> String? {
        let status = FileSystem.status(of: FileSystem.join(folder, Manifest.fileName))
        return status.map { "\($0.modified)-\($0.byteCount)" }
    }

    private static func forget(_ name: String, _ database: Database) throws {
        try database.execute(
            literal: """
                DELETE FROM tags WHERE resource IN (SELECT 'imported-model/' || id FROM models WHERE name = \(name))
                """)
        try database.execute(literal: "DELETE FROM models WHERE name = \(name)")
    }

    private static func insert(
        _ manifest: Manifest, _ name: String, _ version: String, _ database: Database
    ) throws {
        let created = Timestamp(manifest.created)?.milliseconds ?? 0
        // Why REPLACE: a copied folder has the id of its original, and only one of the two can be found by it.
        try database.execute(
            literal: """
                INSERT OR REPLACE INTO models
                (id, name, created, source, layout, dense, parameters, source_bytes, artifact_bytes, manifest_version)
                VALUES (\(manifest.id), \(name), \(created), \(manifest.source), \(manifest.layout),
                \(manifest.dense.rawValue), \(manifest.parameterCount), \(manifest.sourceByteCount),
                \(manifest.artifactByteCount), \(version))
                """)
    }
}
