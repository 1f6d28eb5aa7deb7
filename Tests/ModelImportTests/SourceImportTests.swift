import Checkpoint
import Foundation
import ModelImport
import ModelLibrary
import OutcropNumerics
import Synchronization
import TestSupport
import Testing

@Suite("Imports from anywhere")
struct SourceImportTests {
    private let folder: TemporaryFolder
    private let library: ModelLibrary
    private let importer: Importer

    init() throws {
        folder = try TemporaryFolder()
        library = ModelLibrary(dataFolder: folder.join("data"))
        importer = Importer(library: library)
    }

    private static let location = "s3://models/tuned/"

    /// The files of a folder as objects.
    private func objects(_ path: String) throws -> ObjectSource {
        let source = FolderSource(path)
        return ObjectSource(
            location: Self.location,
            objects: try source.names().map { name in
                ObjectSource.Object(name: name, byteCount: source.byteCount(of: name) ?? 0) {
                    () throws(FileError) in try source.open(name)
                }
            })
    }

    @Test("objects give the model that the folder gives", arguments: layouts)
    func likeAFolder(layout: String) throws {
        let path = try folder.copy(fixture("checkpoints/d2-gqa8/\(layout)"), as: layout)
        try AtomicFile.write(
            Array(#"{"model":{"type":"BPE","vocab":{"a":0}}}"#.utf8), to: FileSystem.join(path, "tokenizer.json"))
        let here = try importer.run(path, name: "here")
        let there = try importer.run(objects(path), name: "there")
        #expect(there.manifest.source == Self.location)
        let (left, right) = (try Artifact(folder: here.folder), try Artifact(folder: there.folder))
        #expect(left.file.bytes(0..<left.file.byteCount) == right.file.bytes(0..<right.file.byteCount))
        let tokenizers = try [left, right].map { artifact in
            let file = try RandomAccessFile(path: #require(artifact.tokenizerPath))
            return try file.read(at: 0, count: file.byteCount)
        }
        #expect(tokenizers[0] == tokenizers[1])
    }

    @Test(
        "a file that changes while it is imported fails the import by name",
        arguments: ["model.safetensors", "tokenizer.json", "config.json"])
    func changes(name: String) throws {
        let path = try folder.copy(fixture("checkpoints/d1-base/hf-bf16"), as: "changing")
        try AtomicFile.write(
            Array(#"{"model":{"type":"BPE","vocab":{"a":0}}}"#.utf8), to: FileSystem.join(path, "tokenizer.json"))
        let file = try RandomAccessFile(path: FileSystem.join(path, name))
        let bytes = try file.read(at: 0, count: file.byteCount)
        let isChanged = Atomic<Bool>(false)
        let source = try objects(path)
        let error = #expect(throws: ImportError.self) {
            try importer.run(source, name: "a") { progress in
                guard progress.phase == .converting, !isChanged.exchange(true, ordering: .relaxed) else { return }
                try? AtomicFile.write(bytes, to: FileSystem.join(path, name))
            }
        }
        guard case .source(let failure) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failure.path == Self.location + name && failure.reason.contains("changed"))
        #expect(library.models().isEmpty)
        #expect(try FileSystem.names(inFolder: library.modelsFolder).filter { !$0.hasPrefix(".lock") } == [])
    }

    @Test("an object that cannot be read fails the import by its address and with its reason")
    func unreadable() throws {
        struct Failing: ByteSource {
            let source: any ByteSource
            var path: String { source.path }
            var byteCount: Int { source.byteCount }
            func read(at offset: Int, count: Int, into buffer: inout [UInt8], at start: Int) throws(FileError) {
                guard offset < 1 << 17 else {
                    throw FileError(operation: "read", path: "/var/lib/objects/17", reason: "the server went away")
                }
                try source.read(at: offset, count: count, into: &buffer, at: start)
            }
        }
        let path = checkpoint("d1-base", "hf-bf16")
        let source = FolderSource(path)
        let objects = try source.names().map { name in
            ObjectSource.Object(name: name, byteCount: source.byteCount(of: name) ?? 0) {
                () throws(FileError) in Failing(source: try source.open(name))
            }
        }
        let error = #expect(throws: ImportError.self) {
            try importer.run(ObjectSource(location: Self.location, objects: objects), name: "a")
        }
        #expect(
            error?.description.hasPrefix("cannot read s3://models/tuned/model.safetensors: the server went away")
                == true)
        #expect(library.models().isEmpty)
    }

    @Test("index metadata that Bedrock refuses is repaired and told of, or refused when that is asked for")
    func strict() throws {
        let path = try folder.copy(fixture("checkpoints/d1-base/hf-bf16-sharded"), as: "sharded")
        try AtomicFile.write(
            Array(#"{"model":{"type":"BPE","vocab":{"a":0}}}"#.utf8), to: FileSystem.join(path, "tokenizer.json"))
        let source = try objects(path)
        let error = #expect(throws: ImportError.self) {
            try importer.run(source, name: "a", options: ImportOptions(isStrict: true))
        }
        #expect(
            error?.description.contains(
                "error: s3://models/tuned/model.safetensors.index.json: metadata holds total_parameters") == true)
        let manifest = try importer.run(source, name: "a").manifest
        #expect(
            manifest.warnings == [
                "repaired: s3://models/tuned/model.safetensors.index.json: metadata holds total_parameters; "
                    + "Bedrock's import accepts total_size alone. Imported as if metadata were {}; the file stays as it is"
            ])
    }
}
