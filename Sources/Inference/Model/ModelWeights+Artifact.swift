import Checkpoint
import ModelLibrary
import Numerics

extension ModelWeights {
    /// Maps the weights of an artifact; the names and layouts are those that `ModelImport` writes.
    init(_ artifact: Artifact, shape: ModelShape) throws {
        let reader = ArtifactReader(artifact: artifact)
        embedding = try EmbeddingTable(
            file: artifact.file, rows: shape.vocabularySize, columns: shape.hiddenSize,
            offset: try reader.offset("embedding", byteCount: shape.vocabularySize * shape.hiddenSize * 2))
        layers = try (0..<shape.layers).map { try Layer(reader, prefix: "layers.\($0).", shape) }
        finalNorm = try reader.vector("norm", count: shape.hiddenSize)
        unembedding = try reader.dense("unembedding", rows: shape.vocabularySize, columns: shape.hiddenSize)
    }

    /// Bytes of weights that one decoded token has to read.
    func bytesPerToken(expertsPerToken: Int) -> Int {
        layers.reduce(unembedding.byteCount) { sum, layer in
            sum + layer.qkv.matrix.byteCount + layer.attentionOutput.matrix.byteCount + layer.router.matrix.byteCount
                + expertsPerToken * (layer.gateUp[0].byteCount + layer.down[0].byteCount)
        }
    }
}

extension ModelWeights.Layer {
    fileprivate init(_ reader: ArtifactReader, prefix: String, _ shape: ModelShape) throws {
        let hidden = shape.hiddenSize
        attentionNorm = try reader.vector(prefix + "attention.norm", count: hidden)
        qkv = try reader.linear(
            prefix + "attention.qkv", rows: shape.queryWidth + 2 * shape.keyValueWidth, columns: hidden)
        sinks = try reader.vector(prefix + "attention.sinks", count: shape.queryHeads)
        attentionOutput = try reader.linear(prefix + "attention.output", rows: hidden, columns: shape.queryWidth)
        mlpNorm = try reader.vector(prefix + "mlp.norm", count: hidden)
        router = try reader.linear(prefix + "mlp.router", rows: shape.experts, columns: hidden)
        gateUp = try reader.experts(
            prefix + "mlp.gate_up", count: shape.experts, rows: 2 * shape.intermediateSize, columns: hidden)
        gateUpBias = try reader.vector(
            prefix + "mlp.gate_up.bias", count: shape.experts * gateUp[0].paddedRows)
        down = try reader.experts(
            prefix + "mlp.down", count: shape.experts, rows: hidden, columns: shape.intermediateSize)
        downBias = try reader.vector(prefix + "mlp.down.bias", count: shape.experts * down[0].paddedRows)
    }
}

/// Finds tensors of an artifact and checks that they have the size that the shape asks for.
private struct ArtifactReader {
    let artifact: Artifact

    /// Where a tensor starts in the file.
    func offset(_ name: String, byteCount: Int) throws -> Int {
        let tensor = try artifact.tensor(name)
        guard tensor.range.count == byteCount else {
            throw NumericsError.invalidMatrix(
                "tensor '\(name)' has \(tensor.range.count) bytes, the configuration asks for \(byteCount); import again")
        }
        return tensor.range.lowerBound
    }

    func vector(_ name: String, count: Int) throws -> FloatVector {
        try FloatVector(file: artifact.file, offset: try offset(name, byteCount: count * 4), count: count)
    }

    /// A dense matrix: int8 if it has scales, bf16 otherwise.
    func dense(_ name: String, rows: Int, columns: Int) throws -> PackedMatrix {
        let kind: WeightKind = artifact.contains(name + ".scales") ? .int8 : .bf16
        let weights = PackedMatrix.weightBytes(kind: kind, rows: rows, columns: columns)
        let scales = PackedMatrix.scaleBytes(kind: kind, rows: rows, columns: columns)
        return try PackedMatrix(
            file: artifact.file, kind: kind, rows: rows, columns: columns,
            weightsOffset: try offset(name + ".weight", byteCount: weights),
            scalesOffset: kind == .int8 ? try offset(name + ".scales", byteCount: scales) : 0)
    }

    func linear(_ name: String, rows: Int, columns: Int) throws -> ModelWeights.Linear {
        let matrix = try dense(name, rows: rows, columns: columns)
        return ModelWeights.Linear(matrix: matrix, bias: try vector(name + ".bias", count: matrix.paddedRows))
    }

    func experts(_ name: String, count: Int, rows: Int, columns: Int) throws -> [PackedMatrix] {
        let weights = PackedMatrix.weightBytes(kind: .mxfp4, rows: rows, columns: columns)
        let scales = PackedMatrix.scaleBytes(kind: .mxfp4, rows: rows, columns: columns)
        let firstWeights = try offset(name + ".blocks", byteCount: count * weights)
        let firstScales = try offset(name + ".scales", byteCount: count * scales)
        return try (0..<count).map { expert in
            try PackedMatrix(
                file: artifact.file, kind: .mxfp4, rows: rows, columns: columns,
                weightsOffset: firstWeights + expert * weights, scalesOffset: firstScales + expert * scales)
        }
    }
}
