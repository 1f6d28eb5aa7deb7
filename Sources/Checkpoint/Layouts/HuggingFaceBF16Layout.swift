/// Hugging Face names with experts as plain numbers, [experts, inputs, outputs]: what transformers' `save_pretrained`
/// writes after dequantising, and so what most fine-tunes look like.
public struct HuggingFaceBF16Layout: CheckpointLayout {
    /// `huggingFaceBF16`.
    public let kind = LayoutKind.huggingFaceBF16

    /// Creates the layout.
    public init() {}

    /// See `CheckpointLayout`.
    public func parts(of tensor: ModelTensor, _ configuration: ModelConfiguration) -> [ExpectedTensor] {
        HuggingFaceNames.parts(of: tensor, configuration, self)
    }

    /// See `CheckpointLayout`.
    public func storage(of matrix: ExpertMatrix, _ configuration: ModelConfiguration) -> ExpertStorage {
        .transposed(
            ExpectedTensor(
                HuggingFaceNames.experts(matrix),
                [configuration.expertCount, matrix.columns(configuration), matrix.rows(configuration)]))
    }
}
