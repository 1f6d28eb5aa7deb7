/// The element types of the safetensors format.
///
/// Source: safetensors' `Dtype` (huggingface/safetensors, `safetensors/src/tensor.rs`).
public enum TensorElement: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case f4 = "F4"
    case f6e2m3 = "F6_E2M3"
    case f6e3m2 = "F6_E3M2"
    case u8 = "U8"
    case i8 = "I8"
    case f8e5m2 = "F8_E5M2"
    case f8e4m3 = "F8_E4M3"
    case f8e8m0 = "F8_E8M0"
    case i16 = "I16"
    case u16 = "U16"
    case f16 = "F16"
    case bf16 = "BF16"
    case i32 = "I32"
    case u32 = "U32"
    case f32 = "F32"
    case c64 = "C64"
    case f64 = "F64"
    case i64 = "I64"
    case u64 = "U64"

    /// Bits per element.
    public var bitCount: Int {
        switch self {
        case .f4: 4
        case .f6e2m3, .f6e3m2: 6
        case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0: 8
        case .i16, .u16, .f16, .bf16: 16
        case .i32, .u32, .f32: 32
        case .c64, .f64, .i64, .u64: 64
        }
    }

    /// Bytes of a tensor of this shape; nil when that overflows, a side is negative, or it is no whole number of bytes.
    public func byteCount(shape: [Int]) -> Int? {
        var elements = 1
        for side in shape {
            guard side >= 0 else { return nil }
            let (product, overflow) = elements.multipliedReportingOverflow(by: side)
            guard !overflow else { return nil }
            elements = product
        }
        if bitCount < 8 {
            let (bits, overflow) = elements.multipliedReportingOverflow(by: bitCount)
            return overflow || bits % 8 != 0 ? nil : bits / 8
        }
        let (bytes, overflow) = elements.multipliedReportingOverflow(by: bitCount / 8)
        return overflow ? nil : bytes
    }
}
