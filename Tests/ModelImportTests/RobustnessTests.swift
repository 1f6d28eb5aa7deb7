import Checkpoint
import Foundation
import JSON
import ModelImport
import ModelLibrary
import OutcropNumerics
import Synchronization
import TestSupport
import Testing

@Suite("Import robustness")
struct RobustnessTests {
    private let folder: TemporaryFolder
    private let library: ModelLibrary
    private let importer: Importer

    init() throws {
        folder = try TemporaryFolder()
        library = ModelLibrary(dataFolder: folder.join("data"))
        importer = Importer(library: library)
    }

    private func leftovers() -> [String] {
        ((try? FileSystem.names(inFolder: library.modelsFolder)) ?? []).filter { $0.hasPrefix(".") }
    }

    @Test("cancelled at any step, it leaves nothing", arguments: [0, 1, 5, 40])
    func cancelled(step: Int) throws {
        let cancellation = ImportCancellation()
        let steps = Atomic<Int>(0)
        let error = #expect(throws: ImportError.self) {
            try importer.run(checkpoint("d1-base", "hf-mxfp4"), name: "a", cancellation: cancellation) { progress in
                guard progress.phase == .converting || step == 0 else { return }
                if steps.add(1, ordering: .relaxed).newValue >= step { cancellation.cancel() }
            }
        }
        #expect(error?.description.contains("cancelled") == true)
        #expect(library.models().isEmpty && leftovers().isEmpty)
    }

    @Test("a bad checkpoint is refused with its findings and leaves nothing")
    func badCheckpoint() throws {
        let path = try folder.copy(fixture("checkpoints/d1-base/original"), as: "bad")
        let weights = FileSystem.join(path, "model.safetensors")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: weights))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: weights))
        let error = #expect(throws: ImportError.self) { try importer.run(path, name: "a") }
        #expect(error?.description.contains("Copy or download the file again") == true)
        #expect(library.models().isEmpty && leftovers().isEmpty)
    }

    @Test("weights that are not finite are refused by name")
    func notFinite() throws {
        let path = try folder.copy(fixture("checkpoints/d1-base/hf-bf16"), as: "nan")
        try overwrite(path, "model.layers.2.mlp.experts.down_proj", at: 100, with: [0xC0, 0x7F])
        let error = #expect(throws: ImportError.self) { try importer.run(path, name: "a") }
        #expect(error?.description.hasPrefix("layers.2.mlp.down has 1 values that are not finite") == true)
        #expect(library.models().isEmpty && leftovers().isEmpty)
    }

    /// Changes bytes of a tensor in the folder's only shard.
    private func overwrite(_ path: String, _ tensor: String, at offset: Int, with bytes: [UInt8]) throws {
        let weights = FileSystem.join(path, "model.safetensors")
        let file = try SafetensorsFile(path: weights)
        let info = try #require(file.header.tensors.first { $0.name == tensor })
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: weights))
        try handle.seek(toOffset: UInt64(info.byteRange.lowerBound + offset))
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    @Test("a fine-tune off the MXFP4 grid reports its error per tensor")
    func offGrid() throws {
        let path = try folder.copy(fixture("checkpoints/d1-base/hf-bf16"), as: "tuned")
        // 1.0 plus one step of bfloat16.
        try overwrite(path, "model.layers.1.mlp.experts.gate_up_proj", at: 2_000, with: [0x81, 0x3F])
        let manifest = try importer.run(path, name: "a").manifest
        let wrong = manifest.errors.filter { $0.inexactGroups > 0 && $0.tensor.contains("mlp") }
        #expect(wrong.map(\.tensor) == ["layers.1.mlp.gate_up"] && wrong.first?.inexactGroups == 1)
        #expect(manifest.largestExpertError > 0)
        #expect(try library.model(named: "a").manifest == manifest)
    }

    @Test("a name is taken until it is replaced or removed")
    func names() throws {
        let first = try importer.run(checkpoint("d1-base", "hf-mxfp4"), name: "a")
        let error = #expect(throws: ImportError.self) {
            try importer.run(checkpoint("d2-gqa8", "hf-mxfp4"), name: "a")
        }
        #expect(error?.description.contains("--replace") == true)
        let open = try Artifact(folder: first.folder)
        _ = try importer.run(
            checkpoint("d2-gqa8", "hf-mxfp4"), name: "a", options: ImportOptions(dense: .bf16, replace: true))
        #expect(try library.model(named: "a").manifest.dense == .bf16)
        // Who has the old one open keeps it.
        #expect(open.file.bytes(0..<8).count == 8)
        #expect(library.models().map(\.name) == ["a"] && leftovers().isEmpty)
        try library.remove(named: "a")
        #expect(library.models().isEmpty && leftovers().isEmpty)
        #expect(throws: LibraryError.unknownModel("a", known: [])) { try library.remove(named: "a") }
    }

    @Test("one import of a name at a time; other names are free meanwhile")
    func nameBusy() throws {
        try FileSystem.createFolder(library.modelsFolder)
        // What a dead process left is not in the way.
        try AtomicFile.write([], to: FileSystem.join(library.modelsFolder, ".lock-two"))
        var lock = try library.lock(named: "two")
        #expect(try lock != nil && library.lock(named: "two") == nil)
        let error = #expect(throws: ImportError.self) {
            try importer.run(checkpoint("d1-base", "hf-mxfp4"), name: "two")
        }
        #expect(error?.description.hasPrefix("another import of 'two' is running") == true)
        _ = try importer.run(checkpoint("d1-base", "hf-mxfp4"), name: "one")
        #expect(library.models().map(\.name) == ["one"])
        lock = nil
        _ = try importer.run(checkpoint("d1-base", "hf-mxfp4"), name: "two")
        #expect(library.models().map(\.name) == ["one", "two"] && leftovers().isEmpty)
    }

    @Test(
        "names are checked by hand",
        arguments: [
            ("a", true), ("A-1_b.c", true), (String(repeating: "x", count: 128), true), ("", false), (".a", false),
            ("-a", false), ("a/b", false), ("a b", false), ("é", false), (String(repeating: "x", count: 129), false),
            ("..", false), ("a\n", false),
        ])
    func validNames(name: String, isValid: Bool) {
        #expect(ModelLibrary.isValidName(name) == isValid)
    }

    @Test("what a dead import left is swept, what a living one makes is not")
    func sweep() throws {
        let dead = FileSystem.join(library.modelsFolder, ".partial-a-dead")
        let alive = FileSystem.join(library.modelsFolder, ".partial-a-alive")
        try FileSystem.createFolder(dead)
        try AtomicFile.write([1, 2, 3], to: FileSystem.join(dead, "model.safetensors"))
        try FileSystem.createFolder(alive)
        let lock = try FileLock.tryLock(alive)
        _ = try importer.run(checkpoint("d1-base", "hf-mxfp4"), name: "a")
        #expect(leftovers() == [".partial-a-alive"])
        withExtendedLifetime(lock) {}
    }

    @Test("a replacement that died between its renames gives the old model back")
    func brokenReplacement() throws {
        let record = try importer.run(checkpoint("d1-base", "hf-mxfp4"), name: "a-b")
        try FileSystem.rename(record.folder, to: FileSystem.join(library.modelsFolder, ".replaced-a-b-xyz"))
        #expect(library.models().isEmpty)
        library.sweep()
        #expect(library.models().map(\.name) == ["a-b"])
    }

    @Test("damaged artifacts are refused: truncated, flipped, of another format")
    func damagedArtifact() throws {
        let record = try importer.run(checkpoint("d1-base", "hf-mxfp4"), name: "a")
        let path = FileSystem.join(record.folder, Artifact.fileName)
        let file = try RandomAccessFile(path: path)
        let bytes = try file.read(at: 0, count: file.byteCount)
        #expect(try Artifact(folder: record.folder).configuration.layerCount == 4)
        var random = SystemRandomNumberGenerator()
        let header = try SafetensorsFile(path: path).header
        for _ in 0..<300 {
            var damaged = bytes
            if Bool.random(using: &random) {
                damaged.removeLast(Int.random(in: 1..<bytes.count))
                try AtomicFile.write(damaged, to: path)
                #expect(throws: ArtifactError.self) { try Artifact(folder: record.folder) }
            } else {
                // A flip in the header may be harmless (a name in the metadata); it must never trap.
                damaged[Int.random(in: 0..<header.dataOffset)] ^= 1 << UInt8.random(in: 0..<8)
                try AtomicFile.write(damaged, to: path)
                _ = try? Artifact(folder: record.folder)
            }
        }
        let text = String(decoding: bytes[8..<header.dataOffset], as: UTF8.self)
        let other = text.replacingOccurrences(of: #""outcrop.format":"1""#, with: #""outcrop.format":"9""#)
        try AtomicFile.write(Array(bytes[0..<8]) + Array(other.utf8) + bytes[header.dataOffset...], to: path)
        #expect(throws: ArtifactError.unsupportedFormat(path: path, found: "9")) { try Artifact(folder: record.folder) }
    }

    @Test("float32 checkpoints import, their routers only when bfloat16 holds them exactly")
    func singlePrecision() throws {
        let path = try asFloat32("d1-base")
        let name = try importer.run(path, name: "f32").folder
        let exact = try importer.run(checkpoint("d1-base", "hf-bf16"), name: "bf16").folder
        let (left, right) = (try Artifact(folder: name), try Artifact(folder: exact))
        for tensor in ArtifactLayout(configuration: left.configuration, dense: left.dense).tensors {
            #expect(
                try left.file.bytes(left.tensor(tensor.name).byteRange)
                    == right.file.bytes(right.tensor(tensor.name).byteRange), "\(tensor.name)")
        }
        try overwrite(path, "model.embed_tokens.weight", at: 0, with: [1])
        let warnings = try importer.run(path, name: "rounded").manifest.warnings
        #expect(warnings.contains("warning: embedding: 1 values were rounded to bfloat16"))
        try overwrite(path, "model.layers.0.mlp.router.weight", at: 0, with: [1])
        let error = #expect(throws: ImportError.self) { try importer.run(path, name: "b") }
        #expect(error?.description.contains("layers.0.mlp.router") == true)
    }

    /// The bfloat16 fixture saved as float32.
    private func asFloat32(_ model: String) throws -> String {
        let path = try folder.copy(fixture("checkpoints/\(model)/hf-bf16"), as: "f32")
        let weights = FileSystem.join(path, "model.safetensors")
        let file = try SafetensorsFile(path: weights)
        let layout = try #require(
            SafetensorsLayout(
                tensors: file.header.tensors.map { SafetensorsLayout.Tensor($0.name, .f32, $0.shape) }, metadata: []))
        var bytes = layout.headerBytes
        for tensor in file.header.tensors {
            let source = try file.file.read(at: tensor.byteRange.lowerBound, count: tensor.byteRange.count)
            bytes += Conversion.bytes(of: Conversion.toFloats(source, .bf16, count: source.count / 2))
        }
        try AtomicFile.write(bytes, to: weights)
        return path
    }

    @Test("tied embeddings and models without biases import")
    func tiedAndUnbiased() throws {
        var configuration = SyntheticSize.tiny.configuration
        configuration.vocabularySize = 100
        configuration.tiedEmbeddings = true
        configuration.attentionBias = false
        configuration.intermediateSize = 96
        configuration.hiddenSize = 96
        configuration.expertCount = 5
        configuration.endTokens = []
        for layout in [LayoutKind.huggingFaceMXFP4, .huggingFaceBF16] {
            let path = folder.join(layout.rawValue)
            try SyntheticCheckpoint.write(to: path, configuration: configuration, layout: layout, seed: 1)
            let reader = ArtifactReader(
                artifact: try Artifact(
                    folder: importer.run(path, name: layout.rawValue, options: ImportOptions(dense: .bf16)).folder))
            #expect(try reader.floats(ArtifactLayout.Name.fused(1) + ".bias").allSatisfy { $0 == 0 })
            let head = try reader.dense(ArtifactLayout.Name.unembedding)
            let embedding = Conversion.toFloats(
                try reader.bytes(ArtifactLayout.Name.embedding), .bf16, count: 100 * 96)
            #expect(Array(head[..<100].joined()) == embedding)
        }
    }

    @Test(
        "a disk without room is one clear error before anything is written", .enabled(if: freeBytes < 400_000_000_000))
    func diskFull() throws {
        var configuration = SyntheticSize.tiny.configuration
        configuration.layerCount = 1
        configuration.layerKinds = [.full]
        configuration.vocabularySize = 1 << 24
        configuration.hiddenSize = 16_384
        configuration.expertCount = 2
        let path = folder.join("sparse")
        try FileSystem.createFolder(path)
        try AtomicFile.write(
            Array(configuration.json.serialized().utf8), to: FileSystem.join(path, "config.json"))
        let tensors = HuggingFaceMXFP4Layout().allTensors(configuration).map {
            SafetensorsLayout.Tensor($0.name, $0.content == .bytes ? .u8 : .bf16, $0.shape)
        }
        let layout = try #require(SafetensorsLayout(tensors: tensors, metadata: []))
        let weights = FileSystem.join(path, "model.safetensors")
        try AtomicFile.write(layout.headerBytes, to: weights)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: weights))
        try handle.truncate(atOffset: UInt64(layout.fileByteCount))
        try handle.close()
        let error = #expect(throws: ImportError.self) { try importer.run(path, name: "a") }
        #expect(error?.description.contains("the disk is full") == true)
        #expect(leftovers().isEmpty && library.models().isEmpty)
    }

    private static var freeBytes: Int { FileSystem.freeBytes(at: "/tmp") ?? 0 }

    @Test("a data folder that cannot be made is one clear error")
    func unwritable() {
        let failing = Importer(library: ModelLibrary(dataFolder: "/proc/none"))
        let error = #expect(throws: ImportError.self) {
            try failing.run(checkpoint("d1-base", "hf-mxfp4"), name: "a")
        }
        #expect(error?.description.hasPrefix("cannot create the folder /proc/none") == true)
    }
}
