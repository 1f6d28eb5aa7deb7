/// A tensor in a safetensors file: what it is and where its bytes are.
public struct TensorInfo: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// Its element type.
    public let element: TensorElement
    /// Its shape, outermost side first; empty for a scalar.
    public let shape: [Int]
    /// Its bytes in the file, counted from the start of the file.
    public let byteRange: Range<Int>

    /// Describes a tensor.
    public init(name: String, element: TensorElement, shape: [Int], byteRange: Range<Int>) {
        self.name = name
        self.element = element
        self.shape = shape
        self.byteRange = byteRange
    }
}
