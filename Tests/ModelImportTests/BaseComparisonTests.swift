import Checkpoint
import Foundation
import JSON
import ModelImport
import ModelLibrary
import OutcropNumerics
import Synchronization
import TestSupport
import Testing

@Suite("Comparison with a base")
struct BaseComparisonTests {
    private let folder: TemporaryFolder
    private let library: ModelLibrary
    private let importer: Importer

    init() throws {
        folder = try TemporaryFolder()
        library = ModelLibrary(dataFolder: folder.join("data"))
        importer = Importer(library: library)
    }

    private func compare(
        _ path: String, with base: String, dense: DenseFormat = .bf16, threads: Int? = nil
    ) throws -> (Manifest, BaseComparison) {
        let record = try importer.run(
            path, name: "tuned",
            options: ImportOptions(dense: dense, replace: true, base: base, threads: threads))
        #expect(try library.model(named: "tuned").manifest == record.manifest)
        return (record.manifest, try #require(record.manifest.base))
    }

    /// Gives a value of a tensor of the only shard to one of its neighbours.
    private func change(_ path: String, _ tensor: String, value index: Int = 0) throws {
        let weights = FileSystem.join(path, "model.safetensors")
        let file = try SafetensorsFile(path: weights)
        let info = try #require(file.header.tensors.first { $0.name == tensor })
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: weights))
        try handle.seek(toOffset: UInt64(info.byteRange.lowerBound + 2 * index))
        // 8 in bfloat16.
        try handle.write(contentsOf: Data([0x00, 0x41]))
        try handle.close()
    }

    @Test("the same weights in another layout are no fine-tune", arguments: models, DenseFormat.allCases)
    func identical(model: String, dense: DenseFormat) throws {
        _ = try importer.run(checkpoint(model, "hf-mxfp4"), name: "base", options: ImportOptions(dense: dense))
        for layout in ["hf-mxfp4", "hf-bf16", "hf-bf16-sharded", "original"] {
            let (manifest, comparison) = try compare(checkpoint(model, layout), with: "base", dense: dense)
            #expect(comparison.isIdentical && comparison.base == "base")
            // In a layer two norms, the sinks, and five matrices with biases; embedding, norm and unembedding around them.
            let layers = try Artifact(folder: library.folder(named: "base")).configuration.layerCount
            #expect(comparison.tensorCount == layers * 13 + 3)
            #expect(
                comparison.verdict
                    == "identical to base 'base' in all \(comparison.tensorCount) tensors: this is not a fine-tune")
            #expect(manifest.warnings.contains("warning: " + comparison.verdict))
        }
    }

    @Test("exactly the tensors that were changed differ, by as much as they do", arguments: [1, 3])
    func different(threads: Int) throws {
        let path = try folder.copy(fixture("checkpoints/d1-base/hf-bf16"), as: "tuned")
        try change(path, "model.layers.0.self_attn.k_proj.weight", value: 5)
        try change(path, "model.layers.1.mlp.experts.gate_up_proj", value: 1_000)
        try change(path, "model.layers.3.mlp.experts.down_proj_bias")
        try change(path, "model.norm.weight", value: 3)
        let base = checkpoint("d1-base", "hf-mxfp4")
        let (manifest, comparison) = try compare(path, with: base, threads: threads)
        #expect(
            comparison.differences.map(\.tensor) == [
                "layers.0.attention.qkv", "layers.1.mlp.gate_up", "layers.3.mlp.down.bias", "norm",
            ])
        #expect(comparison.verdict.hasPrefix("differs from base '\(base)' in 4 of \(comparison.tensorCount) tensors"))
        #expect(!manifest.warnings.contains { $0.contains("fine-tune") })
        #expect(library.models().map(\.name) == ["tuned"])
        let left = ArtifactReader(artifact: try Artifact(folder: library.folder(named: "tuned")))
        let right = ArtifactReader(artifact: try ModelSource.resolve(base, library: library, dense: .bf16).artifact)
        let values: [(String, (ArtifactReader) throws -> [Float])] = [
            ("layers.0.attention.qkv", { try $0.dense("layers.0.attention.qkv").flatMap { $0 } }),
            (
                "layers.1.mlp.gate_up",
                { reader in
                    try (0..<reader.artifact.configuration.expertCount).flatMap {
                        try reader.expert("layers.1.mlp.gate_up", $0).flatMap { $0 }
                    }
                }
            ),
            ("layers.3.mlp.down.bias", { try $0.floats("layers.3.mlp.down.bias") }),
            ("norm", { try $0.floats("norm") }),
        ]
        for (name, read) in values {
            let (new, old) = (try read(left).map(Double.init), try read(right).map(Double.init))
            let squares = zip(new, old).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            let expected = (squares / old.reduce(0.0) { $0 + $1 * $1 }).squareRoot()
            let found = try #require(comparison.differences.first { $0.tensor == name }?.relative)
            #expect(abs(found - expected) < 1e-9 * expected, "\(name)")
        }
    }

    @Test("tensors of several pieces are compared whole, and the number of threads changes no digit")
    func pieces() throws {
        var configuration = SyntheticSize.tiny.configuration
        configuration.vocabularySize = 70_001
        configuration.endTokens = []
        let paths = try (0..<2).map { seed in
            let path = folder.join("seed-\(seed)")
            try SyntheticCheckpoint.write(
                to: path, configuration: configuration, layout: .huggingFaceMXFP4, seed: UInt64(seed))
            return path
        }
        for dense in DenseFormat.allCases {
            let (_, one) = try compare(paths[1], with: paths[0], dense: dense, threads: 1)
            let (_, four) = try compare(paths[1], with: paths[0], dense: dense, threads: 4)
            #expect(one == four)
            for (name, kind) in [("embedding", ""), ("unembedding", ".weight")] {
                let readers = try [
                    Artifact(folder: library.folder(named: "tuned")),
                    ModelSource.resolve(paths[0], library: library, dense: dense).artifact,
                ].map(ArtifactReader.init)
                #expect(try readers[0].bytes(name + kind).count > 8 << 20 || dense == .int8)
                // Values at equal places; their order does not matter.
                let values = try readers.map { reader in
                    if dense == .int8, name == "unembedding" { return try reader.dense(name).flatMap { $0 } }
                    let bytes = try reader.bytes(name + kind)
                    return Conversion.toFloats(bytes, .bf16, count: bytes.count / 2)
                }
                let squares = zip(values[0], values[1]).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
                let expected = (squares / values[1].reduce(0.0) { $0 + Double($1) * Double($1) }).squareRoot()
                let found = try #require(one.differences.first { $0.tensor == name }?.relative)
                #expect(abs(found - expected) < 1e-6 * expected, "\(dense) \(name)")
            }
        }
    }

    @Test("a base of another shape or format is refused before anything is converted")
    func mismatch() throws {
        _ = try importer.run(checkpoint("d2-gqa8", "hf-mxfp4"), name: "other", options: ImportOptions(dense: .bf16))
        let phases = Mutex<[ImportProgress.Phase]>([])
        func refusal(_ base: String) throws -> ImportError? {
            #expect(throws: ImportError.self) {
                try importer.run(checkpoint("d1-base", "hf-mxfp4"), name: "a", options: ImportOptions(base: base)) {
                    progress in phases.withLock { $0.append(progress.phase) }
                }
            }
        }
        let folderError = try refusal(checkpoint("d2-gqa8", "hf-mxfp4"))
        guard case .baseMismatch(_, let reason) = folderError else {
            Issue.record("\(String(describing: folderError))")
            return
        }
        #expect(reason.contains("the checkpoint's: "))
        let denseError = try refusal("other")
        #expect(denseError?.description.contains("--dense bf16") == true)
        let unknown = try refusal("nobody")
        #expect(unknown?.description.contains("'nobody' is neither an imported model") == true)
        _ = try importer.run(
            checkpoint("d2-gqa8", "hf-mxfp4"), name: "other", options: ImportOptions(replace: true))
        guard case .baseMismatch("other", _) = try refusal("other") else {
            Issue.record("a model of another shape was taken")
            return
        }
        #expect(phases.withLock { $0 }.allSatisfy { $0 == .validating })
        #expect(library.models().map(\.name) == ["other"])
        #expect((try? FileSystem.names(inFolder: library.cacheFolder)) ?? [] == [])
    }

    @Test("cancelled while it compares, an import leaves nothing; bytes of a phase only grow")
    func cancelled() throws {
        let cancellation = ImportCancellation()
        let seen = Mutex<[ImportProgress]>([])
        let error = #expect(throws: ImportError.self) {
            try importer.run(
                checkpoint("d1-base", "hf-mxfp4"), name: "a",
                options: ImportOptions(base: checkpoint("d1-base", "hf-bf16")), cancellation: cancellation
            ) { progress in
                seen.withLock { $0.append(progress) }
                if progress.phase == .comparing { cancellation.cancel() }
            }
        }
        #expect(error?.description.contains("cancelled") == true && library.models().isEmpty)
        let progress = seen.withLock { $0 }
        var phases = progress.map(\.phase)
        phases = phases.enumerated().filter { $0.offset == 0 || phases[$0.offset - 1] != $0.element }.map(\.element)
        #expect(phases == [.validating, .importingBase, .converting, .flushing, .comparing])
        for phase in [ImportProgress.Phase.converting, .comparing] {
            let bytes = progress.filter { $0.phase == phase }.map(\.bytesDone)
            #expect(bytes == bytes.sorted() && !bytes.isEmpty)
        }
        #expect(try FileSystem.names(inFolder: library.modelsFolder).filter { !$0.hasPrefix(".lock") } == [])
    }

    @Test("the verdict names the largest differences, and the manifest keeps all")
    func verdict() throws {
        let comparison = BaseComparison(
            base: "b", tensorCount: 9,
            differences: [
                .init(tensor: "small", relative: 1.234e-7), .init(tensor: "large", relative: 2.5),
                .init(tensor: "middle", relative: 0.0421), .init(tensor: "new", relative: nil),
                .init(tensor: "one", relative: 1),
            ])
        #expect(
            comparison.verdict
                == "differs from base 'b' in 5 of 9 tensors (largest: new from zero, large 250 %, one 100 %)")
        let some = BaseComparison(base: "b", tensorCount: 9, differences: Array(comparison.differences[0...0]))
        #expect(some.verdict.contains("(largest: small 1.23e-05 %)"))
        #expect(BaseComparison(try JSONValue.parse(comparison.json.serialized())) == comparison)
        #expect(comparison.json["different_tensors"]?.intValue == 5)
        #expect(BaseComparison(.null) == nil)
    }
}
