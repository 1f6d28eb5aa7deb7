import CKernels

/// How exact the products are.
public enum Precision: String, Sendable, CaseIterable {
    /// Activations stay 32-bit floats, keys and values too: agrees with the reference within 1e-3 and does not depend on
    /// batch, chunk or thread count.
    case f32
    /// Activations enter the products as bf16 or 16-bit fixed point, whichever the instruction set is fastest with.
    case fast
    /// Activations enter the products of experts and of int8 dense weights as 8-bit fixed point per 32 values where that
    /// is faster. The router's stay f32; those of bf16 weights and of the logits are as in `fast`. Halves the products'
    /// work for prompts and many streams at once. Costs an error per layer of 1 to 1.5 % of its update, against 0.4 % for
    /// bf16: on the demo model a mean KL divergence of 2e-4 nats from f32 (7e-4 if dense weights are int8, too) and
    /// another first choice for less than one token in 100.
    case int8

    /// The precision for the product that yields logits: 8 bits there would change more first choices than in all layers.
    public var ofLogits: Precision { self == .int8 ? .fast : self }
}

/// The kernels of one instruction set, with typed and checked calls.
///
/// Safe: a table of C functions without state; every call here checks its shapes first.
@safe public struct KernelSet: @unchecked Sendable {
    private(set) var table: ck_kernels

    /// The instruction set's name.
    public var name: String { unsafe String(cString: table.name) }

    /// The kernels named by `name` (scalar, avx2, avx512, amx, neon); the best of this machine for nil or "".
    ///
    /// Call before starting threads: it may ask the system for the permission to use AMX.
    /// - Throws: `NumericsError.unsupportedInstructionSet` if the machine cannot run them.
    public init(named name: String? = nil) throws(NumericsError) {
        var table = unsafe ck_kernels()
        guard unsafe ck_select(name ?? "", &table) != 0 else {
            throw .unsupportedInstructionSet(name ?? "")
        }
        unsafe self.table = table
    }

    /// Kernels that `ck_select` does not know.
    /// - Parameter table: complete.
    init(table: ck_kernels) { unsafe self.table = table }

    /// The same kernels, but with one form of activations for any number of tokens, so that a token's results do not depend
    /// on what is computed with it. Costs the speed of the wider forms where a set has them (AMX for prompts; bf16 weights).
    public func batchInvariant() -> KernelSet {
        var set = unsafe table
        unsafe set.fast.0.large = set.fast.0.small
        unsafe set.fast.1.large = set.fast.1.small
        unsafe set.fast.2.large = set.fast.2.small
        unsafe set.int8.0.large = set.int8.0.small
        unsafe set.int8.1.large = set.int8.1.small
        unsafe set.int8.2.large = set.int8.2.small
        return unsafe KernelSet(table: set)
    }

    /// Every instruction set that this machine can run, by name.
    public static var available: [String] {
        ["scalar", "avx2", "avx512", "amx", "neon"].filter { name in
            var table = unsafe ck_kernels()
            return unsafe ck_select(name, &table) != 0
        }
    }

    /// Prepares the calling thread to run these kernels.
    public func beginThread() {
        unsafe withUnsafePointer(to: table) { unsafe ck_thread_begin($0) }
    }

    /// Undoes `beginThread`.
    public func endThread() {
        unsafe withUnsafePointer(to: table) { unsafe ck_thread_end($0) }
    }

    /// The form in which activations should enter a product with weights of `kind` for `tokens` tokens at once.
    public func activationKind(for kind: WeightKind, tokens: Int, precision: Precision) -> ActivationKind {
        let choices: (ck_activation_choice, ck_activation_choice, ck_activation_choice)
        switch precision {
        case .f32: return .f32
        case .fast: choices = unsafe table.fast
        case .int8: choices = unsafe table.int8
        }
        let choice =
            switch kind {
            case .mxfp4: choices.0
            case .int8: choices.1
            case .bf16: choices.2
            }
        let chosen = tokens < Int(choice.threshold) ? choice.small : choice.large
        switch chosen {
        case CK_ACT_BF16: return .bf16
        case CK_ACT_Q16: return .q16
        case CK_ACT_Q8: return .q8
        default: return .f32
        }
    }

    /// Memory that a thread needs while it runs products.
    public final class Scratch: @unchecked Sendable {
        let buffer: AlignedBuffer
        let columns: Int
        let group: Int
        let headDim: Int

        /// Scratch for matrices of up to `columns` inputs and attention of `group` heads of `headDim`.
        public init(columns: Int, group: Int, headDim: Int) throws(NumericsError) {
            self.columns = columns
            self.group = group
            self.headDim = headDim
            buffer = try AlignedBuffer(
                byteCount: max(
                    ck_matmul_scratch_bytes(Int32(columns)),
                    ck_attention_scratch_bytes(Int32(group), Int32(headDim))))
        }
    }

    /// out[firstOutput + i][row] = weights · activations[first + i] (+ bias), for the rows of `rowGroups` (16 rows each).
    ///
    /// - Parameters:
    ///   - rowGroups: a share of `0..<matrix.rowGroups`; threads take disjoint shares.
    ///   - tokens: rows of `activations`.
    ///   - firstColumn: where row 0 of the matrix goes in a row of `out`; negative if only later row groups are computed.
    public func multiply(
        _ matrix: PackedMatrix, rowGroups: Range<Int>, _ activations: Activations, tokens: Range<Int>,
        into out: FloatMatrix, firstOutput: Int = 0, firstColumn: Int = 0, bias: FloatVector? = nil,
        biasOffset: Int = 0, scratch: Scratch
    ) {
        guard !rowGroups.isEmpty, !tokens.isEmpty else { return }
        precondition(rowGroups.lowerBound >= 0 && rowGroups.upperBound <= matrix.rowGroups, "row groups of the matrix")
        precondition(activations.columns == matrix.columns, "the matrix takes \(matrix.columns) inputs")
        precondition(tokens.lowerBound >= 0 && tokens.upperBound <= activations.capacity, "rows of the activations")
        precondition(firstOutput >= 0 && firstOutput + tokens.count <= out.rows, "rows of the result")
        precondition(
            firstColumn + rowGroups.lowerBound * 16 >= 0 && firstColumn + rowGroups.upperBound * 16 <= out.stride,
            "columns of the result")
        precondition(scratch.columns >= matrix.columns, "scratch for \(matrix.columns) inputs")
        if let bias { precondition(bias.count >= biasOffset + matrix.paddedRows, "one bias per padded row") }
        var call = unsafe ck_matmul(
            weights: matrix.weights, scales: matrix.scales, columns: Int32(matrix.columns),
            row_group_begin: Int32(rowGroups.lowerBound), row_group_end: Int32(rowGroups.upperBound),
            tokens: Int32(tokens.count), activations: activations.rowPointer(tokens.lowerBound),
            activation_stride: activations.rowStride, out: out.rowPointer(firstOutput) + firstColumn,
            out_stride: out.stride, bias: bias.map { unsafe $0.base + biasOffset },
            scratch: scratch.buffer.base.assumingMemoryBound(to: UInt8.self))
        unsafe matmul(matrix.kind, activations.kind)(&call)
    }

    @unsafe private func matmul(_ weights: WeightKind, _ activations: ActivationKind) -> ck_matmul_function {
        let row =
            switch weights {
            case .mxfp4: unsafe table.matmul.0
            case .int8: unsafe table.matmul.1
            case .bf16: unsafe table.matmul.2
            }
        let function =
            switch activations {
            case .f32: unsafe row.0
            case .bf16: unsafe row.1
            case .q16: unsafe row.2
            case .q8: unsafe row.3
            }
        guard let function = unsafe function else {
            preconditionFailure("ck_select fills every entry of the table")
        }
        return unsafe function
    }
}
