import Checkpoint
import ModelImport
import ModelLibrary
import OutcropNumerics
import TestSupport
import Testing

@Suite("Importer")
struct ImporterTests {
    private let folder: TemporaryFolder
    private let importer: Importer

    init() throws {
        folder = try TemporaryFolder()
        importer = Importer(library: ModelLibrary(dataFolder: folder.join("data")))
    }

    private func artifact(
        _ model: String, _ layout: String, _ dense: DenseFormat = .int8, threads: Int = 2
    ) throws -> (Artifact, Manifest) {
        let name = "\(model)-\(layout)-\(dense.rawValue)-\(threads)"
        let record = try importer.run(
            checkpoint(model, layout), name: name, options: ImportOptions(dense: dense, threads: threads))
        return (try Artifact(folder: record.folder), record.manifest)
    }

    @Test("every layout of a checkpoint gives the same values", arguments: models, DenseFormat.allCases)
    func layoutsAgree(model: String, dense: DenseFormat) throws {
        let reference = ArtifactReader(artifact: try artifact(model, "hf-mxfp4", dense).0)
        let names = ArtifactLayout(configuration: reference.artifact.configuration, dense: dense).tensors.map(\.name)
        for layout in ["hf-bf16", "hf-bf16-sharded", "original"] {
            let (other, manifest) = try artifact(model, layout, dense)
            let reader = ArtifactReader(artifact: other)
            #expect(manifest.largestExpertError == 0)
            for name in names where !name.contains("gate_up.") && !name.contains("down.") || name.hasSuffix("bias") {
                #expect(try reference.bytes(name) == reader.bytes(name), "\(layout) \(name)")
            }
            for layer in 0..<other.configuration.layerCount {
                for matrix in [ArtifactLayout.Name.gateUp(layer), ArtifactLayout.Name.down(layer)] {
                    for expert in 0..<other.configuration.expertCount {
                        #expect(
                            try reference.expert(matrix, expert) == reader.expert(matrix, expert),
                            "\(layout) \(matrix) \(expert)")
                    }
                }
            }
        }
    }

    @Test("the artifact holds the checkpoint's values in the kernels' order", arguments: models)
    func valuesAreTheSources(model: String) throws {
        let source = SourceReader(checkpoint: try Checkpoint(path: checkpoint(model, "hf-bf16")))
        let reader = ArtifactReader(artifact: try artifact(model, "hf-mxfp4", .bf16).0)
        let c = source.checkpoint.configuration
        for layer in 0..<c.layerCount {
            let prefix = "model.layers.\(layer)."
            try expectExperts(reader, source, layer, prefix, c)
            let fused = try ["q", "k", "v"].flatMap { try source.floats("\(prefix)self_attn.\($0)_proj.weight") }
            expectRows(try reader.dense(ArtifactLayout.Name.fused(layer)), fused, c.fusedRows, c.hiddenSize)
            let output = try source.floats(prefix + "self_attn.o_proj.weight")
            expectRows(try reader.dense(ArtifactLayout.Name.output(layer)), output, c.hiddenSize, c.attentionWidth)
            let router = try source.floats(prefix + "mlp.router.weight")
            expectRows(try reader.dense(ArtifactLayout.Name.router(layer)), router, c.expertCount, c.hiddenSize)
            #expect(
                try reader.floats(ArtifactLayout.Name.sinks(layer)) == source.floats(prefix + "self_attn.sinks"))
            let bias = try ["q", "k", "v"].flatMap { try source.floats("\(prefix)self_attn.\($0)_proj.bias") }
            #expect(
                try reader.floats(ArtifactLayout.Name.fused(layer) + ".bias")
                    == bias + [Float](repeating: 0, count: ArtifactLayout.padded(bias.count) - bias.count))
        }
        let head = try source.floats("lm_head.weight")
        expectRows(try reader.dense(ArtifactLayout.Name.unembedding), head, c.vocabularySize, c.hiddenSize)
        let embedding = try reader.bytes(ArtifactLayout.Name.embedding)
        #expect(
            try Conversion.toFloats(embedding, .bf16, count: embedding.count / 2)
                == source.floats("model.embed_tokens.weight"))
    }

    private func expectRows(_ found: [[Float]], _ expected: [Float], _ rows: Int, _ columns: Int) {
        for row in 0..<found.count {
            let want =
                row < rows
                ? Array(expected[row * columns..<(row + 1) * columns]) : [Float](repeating: 0, count: columns)
            #expect(found[row] == want, "row \(row)")
        }
    }

    private func expectExperts(
        _ reader: ArtifactReader, _ source: SourceReader, _ layer: Int, _ prefix: String, _ c: ModelConfiguration
    ) throws {
        let gateUp = try source.floats(prefix + "mlp.experts.gate_up_proj")
        let gateUpBias = try source.floats(prefix + "mlp.experts.gate_up_proj_bias")
        let down = try source.floats(prefix + "mlp.experts.down_proj")
        let foundBias = try reader.floats(ArtifactLayout.Name.gateUp(layer) + ".bias")
        let width = 2 * c.intermediateSize
        for expert in 0..<c.expertCount {
            let found = try reader.expert(ArtifactLayout.Name.gateUp(layer), expert)
            for unit in 0..<c.intermediateSize {
                for (isUp, row) in [(0, unit / 16 * 32 + unit % 16), (1, unit / 16 * 32 + 16 + unit % 16)] {
                    let want = (0..<c.hiddenSize).map { gateUp[(expert * c.hiddenSize + $0) * width + 2 * unit + isUp] }
                    #expect(found[row] == want, "layer \(layer) expert \(expert) unit \(unit)")
                    #expect(foundBias[expert * found.count + row] == gateUpBias[expert * width + 2 * unit + isUp])
                }
            }
            let foundDown = try reader.expert(ArtifactLayout.Name.down(layer), expert)
            for row in 0..<c.hiddenSize {
                let want = (0..<c.intermediateSize).map {
                    down[(expert * c.intermediateSize + $0) * c.hiddenSize + row]
                }
                #expect(foundDown[row] == want)
            }
        }
    }

    @Test("int8 matrices are within half a step of the source")
    func int8Error() throws {
        let source = SourceReader(checkpoint: try Checkpoint(path: checkpoint("d1-base", "hf-bf16")))
        let (artifact, manifest) = try artifact("d1-base", "hf-bf16")
        let found = try ArtifactReader(artifact: artifact).dense(ArtifactLayout.Name.unembedding)
        let expected = try source.floats("lm_head.weight")
        let columns = artifact.configuration.hiddenSize
        for row in 0..<artifact.configuration.vocabularySize {
            for k in 0..<columns / 32 {
                let want = expected[row * columns + k * 32..<row * columns + k * 32 + 32]
                let largest = want.map(abs).max() ?? 0
                for (x, y) in zip(want, found[row][k * 32..<k * 32 + 32]) {
                    #expect(abs(x - y) <= largest / 127 * 0.51)
                }
            }
        }
        #expect(manifest.largestDenseError > 0 && manifest.largestDenseError < 0.01)
        #expect(manifest.errors.contains { $0.tensor == "unembedding" })
    }

    @Test("the number of threads changes no byte")
    func threadsDoNotMatter() throws {
        let one = try artifact("d2-gqa8", "hf-bf16", threads: 1).0
        let four = try artifact("d2-gqa8", "hf-bf16", threads: 4).0
        #expect(one.file.bytes(0..<one.file.byteCount) == four.file.bytes(0..<four.file.byteCount))
    }

    @Test("every tensor begins on a page of a file without holes")
    func isAValidFile() throws {
        let artifact = try artifact("d1-base", "original").0
        let file = try SafetensorsFile(path: artifact.file.path)
        #expect(file.header.dataOffset % 4096 == 0)
        for tensor in file.header.tensors where !tensor.name.hasPrefix("padding.") {
            #expect(tensor.byteRange.lowerBound % 4096 == 0, "\(tensor.name)")
        }
    }
}
