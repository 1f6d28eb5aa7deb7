import OutcropNumerics

/// The weights of a model, mapped from its artifact.
struct ModelWeights: Sendable {
    /// A matrix with a bias per padded row.
    struct Linear: Sendable {
        var matrix: PackedMatrix
        var bias: FloatVector
    }

    /// One transformer block.
    struct Layer: Sendable {
        var attentionNorm: FloatVector
        /// Rows: queries, then keys, then values.
        var qkv: Linear
        var sinks: FloatVector
        var attentionOutput: Linear
        var mlpNorm: FloatVector
        var router: Linear
        /// Per expert; rows in pairs of groups, 16 gates then 16 ups.
        var gateUp: [PackedMatrix]
        /// Of all experts, one after the other.
        var gateUpBias: FloatVector
        /// Per expert.
        var down: [PackedMatrix]
        var downBias: FloatVector

        /// Bytes of the matrices that every token needs.
        var denseByteCount: Int { qkv.matrix.byteCount + attentionOutput.matrix.byteCount + router.matrix.byteCount }
        /// Bytes of one expert's matrices.
        var expertByteCount: Int { gateUp[0].byteCount + down[0].byteCount }
    }

    var embedding: EmbeddingTable
    var layers: [Layer]
    var finalNorm: FloatVector
    var unembedding: PackedMatrix
}
