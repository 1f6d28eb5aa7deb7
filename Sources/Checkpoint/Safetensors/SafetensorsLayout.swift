import JSON

/// Lays out a new safetensors file: give it the tensors, get the header's bytes and every tensor's place.
public struct SafetensorsLayout: Sendable {
    /// A tensor to be written.
    public struct Tensor: Sendable {
        /// Its name.
        public let name: String
        /// Its element type.
        public let element: TensorElement
        /// Its shape, outermost side first.
        public let shape: [Int]

        /// Describes a tensor to be written.
        public init(_ name: String, _ element: TensorElement, _ shape: [Int]) {
            self.name = name
            self.element = element
            self.shape = shape
        }
    }

    /// The 8 bytes of length and the header.
    public let headerBytes: [UInt8]
    /// The tensors in file order, with their places; fillers included.
    public let tensors: [TensorInfo]
    /// Size of the whole file.
    public let fileByteCount: Int

    /// Lays out tensors in the given order. With an alignment, the data and every tensor begin at multiples of it in the
    /// file: the header is padded with spaces, and filler tensors `padding.N` keep the file free of holes.
    /// - Returns: nil when a size overflows.
    public init?(tensors: [Tensor], metadata: [(key: String, value: String)], alignment: Int = 8) {
        var placed: [(Tensor, begin: Int, end: Int)] = []
        var position = 0
        for (index, tensor) in tensors.enumerated() {
            guard let count = tensor.element.byteCount(shape: tensor.shape), count < 1 << 60 else { return nil }
            placed.append((tensor, position, position + count))
            position += count
            let filler = (alignment - position % alignment) % alignment
            if alignment > 8, filler > 0, index + 1 < tensors.count {
                placed.append((Tensor("padding.\(index)", .u8, [filler]), position, position + filler))
                position += filler
            }
            guard position < 1 << 61 else { return nil }
        }
        var header = JSONObject()
        if !metadata.isEmpty {
            header["__metadata__"] = .object(JSONObject(metadata.map { ($0.key, .string($0.value)) }))
        }
        for (tensor, begin, end) in placed {
            header[tensor.name] = [
                "dtype": .string(tensor.element.rawValue),
                "shape": .array(tensor.shape.map { .number(JSONNumber($0)) }),
                "data_offsets": [.number(JSONNumber(begin)), .number(JSONNumber(end))],
            ]
        }
        var json = Array(JSONValue.object(header).serialized().utf8)
        let padded = (8 + json.count + alignment - 1) / alignment * alignment
        json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padded - 8 - json.count))
        let length = UInt64(json.count)
        headerBytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + json
        self.tensors = placed.map { tensor, begin, end in
            TensorInfo(
                name: tensor.name, element: tensor.element, shape: tensor.shape,
                byteRange: padded + begin..<padded + end)
        }
        fileByteCount = padded + position
    }
}
