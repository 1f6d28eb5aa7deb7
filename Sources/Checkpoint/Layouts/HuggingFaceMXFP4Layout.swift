/// Hugging Face names with MXFP4 experts: the published models, and fine-tunes that kept the quantised experts.
public struct HuggingFaceMXFP4Layout: CheckpointLayout {
    /// `huggingFaceMXFP4`.
    public let kind = LayoutKind.huggingFaceMXFP4

    /// Creates the layout.
    public init() {}

    /// See `CheckpointLayout`.
    public func parts(of tensor: ModelTensor, _ configuration: ModelConfiguration) -> [ExpectedTensor] {
        HuggingFaceNames.parts(of: tensor, configuration, self)
    }

    /// See `CheckpointLayout`.
    public func storage(of matrix: ExpertMatrix, _ configuration: ModelConfiguration) -> ExpertStorage {
        let name = HuggingFaceNames.experts(matrix)
        return mxfp4(blocks: name + "_blocks", scales: name + "_scales", matrix, configuration)
    }
}
