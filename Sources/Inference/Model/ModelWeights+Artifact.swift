import Checkpoint
import ModelLibrary
import OutcropNumerics

extension ModelWeights {
    /// Maps the weights of an artifact; the names and layouts are those that `ModelImport` writes.
    init(_ artifact: Artifact, shape: ModelShape) throws {
        let reader = ArtifactReader(artifact: artifact)
        embedding = try EmbeddingTable(
            file: artifact.file, rows: shape.vocabularySize, columns: shape.hiddenSize,
            offset: try artifact.tensor(ArtifactLayout.Name.embedding).byteRange.lowerBound)
        layers = try (0..<shape.layers).map { try Layer(reader, $0, shape) }
        finalNorm = try reader.vector(ArtifactLayout.Name.finalNorm, count: shape.hiddenSize)
        unembedding = try reader.dense(
            ArtifactLayout.Name.unembedding, rows: shape.vocabularySize, columns: shape.hiddenSize)
    }
}

extension ModelWeights.Layer {
    fileprivate init(_ reader: ArtifactReader, _ index: Int, _ shape: ModelShape) throws {
        typealias Name = ArtifactLayout.Name
        let hidden = shape.hiddenSize
        attentionNorm = try reader.vector(Name.attentionNorm(index), count: hidden)
        qkv = try reader.linear(
            Name.fused(index), rows: shape.queryWidth + 2 * shape.keyValueWidth, columns: hidden)
        sinks = try reader.vector(Name.sinks(index), count: shape.queryHeads)
        attentionOutput = try reader.linear(Name.output(index), rows: hidden, columns: shape.queryWidth)
        mlpNorm = try reader.vector(Name.mlpNorm(index), count: hidden)
        router = try reader.linear(Name.router(index), rows: shape.experts, columns: hidden)
        gateUp = try reader.experts(
            Name.gateUp(index), count: shape.experts, rows: 2 * shape.intermediateSize, columns: hidden)
        gateUpBias = try reader.vector(
            Name.gateUp(index) + ".bias", count: shape.experts * gateUp[0].paddedRows)
        down = try reader.experts(
            Name.down(index), count: shape.experts, rows: hidden, columns: shape.intermediateSize)
        downBias = try reader.vector(Name.down(index) + ".bias", count: shape.experts * down[0].paddedRows)
    }
}

/// Finds an artifact's tensors, whose shapes `Artifact` has checked.
private struct ArtifactReader {
    let artifact: Artifact

    func vector(_ name: String, count: Int) throws -> FloatVector {
        try FloatVector(file: artifact.file, offset: try artifact.tensor(name).byteRange.lowerBound, count: count)
    }

    func dense(_ name: String, rows: Int, columns: Int) throws -> PackedMatrix {
        let (weight, scales) = try artifact.matrix(name)
        return try PackedMatrix(
            file: artifact.file, kind: scales == nil ? .bf16 : .int8, rows: rows, columns: columns,
            weightsOffset: weight.byteRange.lowerBound, scalesOffset: scales?.byteRange.lowerBound ?? 0)
    }

    func linear(_ name: String, rows: Int, columns: Int) throws -> ModelWeights.Linear {
        let matrix = try dense(name, rows: rows, columns: columns)
        return ModelWeights.Linear(matrix: matrix, bias: try vector(name + ".bias", count: matrix.paddedRows))
    }

    func experts(_ name: String, count: Int, rows: Int, columns: Int) throws -> [PackedMatrix] {
        let (blocks, scales) = try artifact.experts(name)
        let weightBytes = PackedMatrix.weightBytes(kind: .mxfp4, rows: rows, columns: columns)
        let scaleBytes = PackedMatrix.scaleBytes(kind: .mxfp4, rows: rows, columns: columns)
        return try (0..<count).map { expert in
            try PackedMatrix(
                file: artifact.file, kind: .mxfp4, rows: rows, columns: columns,
                weightsOffset: blocks.byteRange.lowerBound + expert * weightBytes,
                scalesOffset: scales.byteRange.lowerBound + expert * scaleBytes)
        }
    }
}
