import Checkpoint
import Foundation
import ModelImport
import ModelLibrary
import OutcropNumerics
import TestSupport
import Testing

@Suite("Model source")
struct ModelSourceTests {
    private let folder: TemporaryFolder
    private let library: ModelLibrary

    init() throws {
        folder = try TemporaryFolder()
        library = ModelLibrary(dataFolder: folder.join("data"))
    }

    private func cached() throws -> [String] {
        FileSystem.status(of: library.cacheFolder) == nil ? [] : try FileSystem.names(inFolder: library.cacheFolder)
    }

    @Test("a name is the imported model")
    func name() throws {
        _ = try Importer(library: library).run(checkpoint("d1-base", "hf-mxfp4"), name: "a")
        let model = try ModelSource.resolve("a", library: library)
        #expect(model.name == "a" && model.artifact.dense == .int8 && model.tokenizerPath == nil)
        #expect(model.manifest?.layout == "hf-mxfp4")
        let error = #expect(throws: ModelSourceError.self) {
            try ModelSource.resolve("a", library: library, dense: .bf16)
        }
        #expect(error?.description.contains("--dense bf16") == true)
        let other = #expect(throws: ModelSourceError.self) { try ModelSource.resolve("b", library: library) }
        #expect(other?.description.contains("Imported: a") == true)
    }

    @Test("an artifact's folder is used as it is")
    func artifactFolder() throws {
        let record = try Importer(library: library).run(checkpoint("d1-base", "hf-mxfp4"), name: "a")
        #expect(try ModelSource.resolve(record.folder, library: library).artifact.folder == record.folder)
        #expect(try cached() == [])
    }

    @Test("a checkpoint folder is imported once, and again when it changes")
    func checkpointFolder() throws {
        let path = try folder.copy(fixture("checkpoints/d1-base/hf-mxfp4"), as: "my-model")
        let first = try ModelSource.resolve(path, library: library)
        #expect(first.name == "my-model" && library.models().isEmpty)
        let entries = try cached()
        #expect(entries.count == 1)
        let again = try ModelSource.resolve(path + "/", library: library)
        #expect(again.artifact.folder == first.artifact.folder && again.manifest == first.manifest)
        _ = try ModelSource.resolve(path, library: library, dense: .bf16)
        #expect(try cached().count == 2)
        try AtomicFile.write(
            Array(#"{"model":{"type":"BPE","vocab":{"a":0}}}"#.utf8), to: FileSystem.join(path, "tokenizer.json"))
        let changed = try ModelSource.resolve(path, library: library)
        #expect(changed.artifact.folder != first.artifact.folder && changed.tokenizerPath != nil)
        #expect(try cached().count == 2)
    }

    @Test("a damaged cache entry is made anew")
    func damagedCache() throws {
        let path = try folder.copy(fixture("checkpoints/d1-base/hf-mxfp4"), as: "m")
        let first = try ModelSource.resolve(path, library: library)
        try AtomicFile.write([1, 2, 3], to: first.artifact.file.path)
        #expect(try ModelSource.resolve(path, library: library).artifact.configuration.layerCount == 4)
    }

    @Test("the data folder comes from the option, OUTCROP_DATA, XDG_DATA_HOME or the home")
    func dataFolder() {
        var environment = ["HOME": "/h", "XDG_DATA_HOME": "/x", "OUTCROP_DATA": "/o"]
        #expect(DataFolder.resolve(option: "/d", environment: environment) == "/d")
        #expect(DataFolder.resolve(environment: environment) == "/o")
        environment["OUTCROP_DATA"] = ""
        #expect(DataFolder.resolve(environment: environment) == "/x/outcrop")
        environment["XDG_DATA_HOME"] = "relative"
        #expect(DataFolder.resolve(environment: environment) == "/h/.local/share/outcrop")
        #expect(DataFolder.resolve(environment: [:]) == ".outcrop")
    }

    @Test("the meter's rate follows the last seconds")
    func meter() {
        var meter = ProgressMeter()
        let start = ContinuousClock.now
        func progress(_ done: Int) -> ImportProgress {
            ImportProgress(phase: .converting, bytesDone: done, bytesTotal: 1_000)
        }
        #expect(meter.update(progress(0), at: start) == nil)
        let first = meter.update(progress(100), at: start + .seconds(1))
        #expect(first?.bytesPerSecond == 100 && first?.remaining == .seconds(9))
        let later = meter.update(progress(110), at: start + .seconds(21))
        #expect(later.map { $0.bytesPerSecond < 5 } == true)
        #expect(meter.update(progress(110), at: start + .seconds(60)) == nil)
    }
}
