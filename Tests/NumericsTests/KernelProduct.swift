import CKernels

/// Memory at a 64-byte boundary, as the kernels want it, zeroed.
@safe final class KernelMemory {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    init(_ byteCount: Int) {
        self.byteCount = byteCount
        unsafe base = .allocate(byteCount: max(byteCount, 64), alignment: 64)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 64))
    }

    deinit { unsafe base.deallocate() }

    convenience init<T: BitwiseCopyable>(_ values: [T]) {
        self.init(values.count * MemoryLayout<T>.stride)
        for (index, value) in values.enumerated() { self[index] = value }
    }

    subscript<T: BitwiseCopyable>(index: Int) -> T {
        get { unsafe base.load(fromByteOffset: index * MemoryLayout<T>.stride, as: T.self) }
        set { unsafe base.storeBytes(of: newValue, toByteOffset: index * MemoryLayout<T>.stride, as: T.self) }
    }
}

/// The kernels of one set by name, chosen and prepared as the engine does.
@safe struct KernelTable: @unchecked Sendable {
    let kernels: ck_kernels

    init?(_ name: String) {
        var kernels = unsafe ck_kernels()
        guard unsafe ck_select(name, &kernels) != 0 else { return nil }
        unsafe self.kernels = kernels
    }

    var name: String { unsafe String(cString: kernels.name) }

    /// The names of the sets that this machine can run.
    static let available = ["scalar", "avx2", "avx512", "amx", "neon"].filter { KernelTable($0) != nil }

    func matmul(_ weights: ck_weight_kind, _ activations: ck_activation_kind) -> ck_matmul_function? {
        let row =
            switch weights {
            case CK_MXFP4: unsafe kernels.matmul.0
            case CK_INT8: unsafe kernels.matmul.1
            default: unsafe kernels.matmul.2
            }
        return switch activations {
        case CK_ACT_F32: unsafe row.0
        case CK_ACT_BF16: unsafe row.1
        case CK_ACT_Q16: unsafe row.2
        default: unsafe row.3
        }
    }
}

/// Rows of activations in one of the four forms.
struct KernelActivations {
    let kind: ck_activation_kind
    let tokens: Int
    let columns: Int
    let memory: KernelMemory

    var stride: Int {
        switch kind {
        case CK_ACT_F32: columns * 4
        case CK_ACT_BF16: columns * 2
        case CK_ACT_Q16: columns / 32 * MemoryLayout<ck_q16_block>.stride
        default: columns / 32 * MemoryLayout<ck_q8_block>.stride
        }
    }

    init(_ kind: ck_activation_kind, tokens: Int, columns: Int) {
        self.kind = kind
        self.tokens = tokens
        self.columns = columns
        memory = KernelMemory(tokens * columns * 4)
    }

    /// Converts floats, row by row, as `table` does.
    init(_ kind: ck_activation_kind, _ values: [Float], columns: Int, table: KernelTable) {
        self.init(kind, tokens: values.count / columns, columns: columns)
        let source = KernelMemory(values)
        for token in 0..<tokens {
            let from = unsafe (source.base + token * columns * 4).assumingMemoryBound(to: Float.self)
            let to = unsafe memory.base + token * stride
            switch kind {
            case CK_ACT_F32: unsafe to.copyMemory(from: from, byteCount: columns * 4)
            case CK_ACT_BF16:
                unsafe table.kernels.to_bf16(from, Int32(columns), to.assumingMemoryBound(to: UInt16.self))
            case CK_ACT_Q16:
                unsafe table.kernels.to_q16(from, Int32(columns), to.assumingMemoryBound(to: ck_q16_block.self))
            default: unsafe table.kernels.to_q8(from, Int32(columns), to.assumingMemoryBound(to: ck_q8_block.self))
            }
        }
    }
}

/// Weights of one of the three kinds.
struct KernelMatrix {
    let kind: ck_weight_kind
    let rowGroups: Int
    let columns: Int
    let weights: KernelMemory
    let scales: KernelMemory

    var blocks: Int { rowGroups * columns / 32 }

    /// Zeros: of MXFP4 code 0, of int8 byte 0 (which weighs -128, not in use).
    init(_ kind: ck_weight_kind, rowGroups: Int, columns: Int) {
        self.kind = kind
        self.rowGroups = rowGroups
        self.columns = columns
        weights = KernelMemory(rowGroups * columns / 32 * (256 << Int(kind.rawValue)))
        scales = KernelMemory(rowGroups * columns / 32 * 32)
    }

    /// Weights of about unit size divided by the square root of the columns.
    static func random(_ kind: ck_weight_kind, rowGroups: Int, columns: Int, seed: UInt64) -> KernelMatrix {
        var random = Random(seed)
        let matrix = KernelMatrix(kind, rowGroups: rowGroups, columns: columns)
        for index in 0..<matrix.weights.byteCount {
            switch kind {
            case CK_MXFP4: matrix.weights[index] = UInt8(truncatingIfNeeded: random.next())
            case CK_INT8: matrix.weights[index] = UInt8(1 + random.next() % 255)
            // A sign, an exponent between 2^-8 and 2^-5, any fraction.
            default:
                let byte = UInt8(truncatingIfNeeded: random.next())
                matrix.weights[index] = index % 2 == 0 ? byte : byte & 0x81 | 0x3c
            }
        }
        for index in 0..<matrix.blocks * 16 {
            if kind == CK_MXFP4 {
                matrix.scales[index] = UInt8(117 + random.next() % 4)
            } else {
                matrix.scales[index] = UInt16(0x0800 + random.next() % 0x400)
            }
        }
        return matrix
    }

    /// The product of the row groups `range` with the tokens `tokens` of `x`; everything else in the result is NaN.
    func multiply(
        _ x: KernelActivations, table: KernelTable, tokens: Range<Int>? = nil, range: Range<Int>? = nil
    ) throws(MissingKernel) -> [Float] {
        let tokens = tokens ?? 0..<x.tokens
        let range = range ?? 0..<rowGroups
        guard let function = unsafe table.matmul(kind, x.kind) else { throw MissingKernel() }
        let out = KernelMemory([Float](repeating: .nan, count: tokens.count * rowGroups * 16))
        let scratch = KernelMemory(ck_matmul_scratch_bytes(Int32(columns)))
        var call = unsafe ck_matmul(
            weights: weights.base.assumingMemoryBound(to: UInt8.self),
            scales: scales.base.assumingMemoryBound(to: UInt8.self), columns: Int32(columns),
            row_group_begin: Int32(range.lowerBound), row_group_end: Int32(range.upperBound),
            tokens: Int32(tokens.count), activations: x.memory.base + tokens.lowerBound * x.stride,
            activation_stride: x.stride, out: out.base.assumingMemoryBound(to: Float.self), out_stride: rowGroups * 16,
            bias: nil, scratch: scratch.base.assumingMemoryBound(to: UInt8.self))
        unsafe withUnsafePointer(to: table.kernels) { unsafe ck_thread_begin($0) }
        unsafe function(&call)
        unsafe withUnsafePointer(to: table.kernels) { unsafe ck_thread_end($0) }
        return (0..<tokens.count * rowGroups * 16).map { out[$0] }
    }
}

/// `ck_select` left an entry of the table empty.
struct MissingKernel: Error {}

/// A linear congruential generator: the same numbers everywhere.
struct Random {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }

    /// Roughly normal, standard deviation 1.
    mutating func normal() -> Float {
        var sum: Float = 0
        for _ in 0..<12 { sum += Float(next()) * 0x1p-31 }
        return sum - 6
    }

    mutating func normals(_ count: Int) -> [Float] { (0..<count).map { _ in normal() } }
}
