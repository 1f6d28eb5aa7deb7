#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Memory for the kernels: zeroed, aligned to a page, of fixed size, freed with its last owner.
///
/// Safe: the memory belongs to this object alone; who writes which part at which time is agreed by the engine, which
/// gives its threads disjoint ranges between two barriers.
@safe public final class AlignedBuffer: @unchecked Sendable {
    /// Size in bytes, as asked for.
    public let byteCount: Int
    private let mappedByteCount: Int
    @unsafe let base: UnsafeMutableRawPointer

    /// Maps `byteCount` zeroed bytes; pages are taken from the system when first touched.
    /// - Throws: `NumericsError.outOfMemory` if the system refuses.
    public init(byteCount: Int) throws(NumericsError) {
        let pageSize = 4096
        let (padded, overflow) = max(byteCount, 1).addingReportingOverflow(pageSize - 1)
        guard byteCount >= 0, !overflow else { throw .outOfMemory(bytes: byteCount) }
        let length = padded / pageSize * pageSize
        let address = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw .outOfMemory(bytes: byteCount) }
        self.byteCount = byteCount
        mappedByteCount = length
        unsafe base = address
        #if os(Linux)
            // Huge pages save page walks on the big buffers; the advice is free to be ignored.
            if length >= 4 << 20 { _ = unsafe madvise(address, length, MADV_HUGEPAGE) }
        #endif
    }

    deinit {
        unsafe munmap(base, mappedByteCount)
    }
}

/// What the numeric layer can fail with.
public enum NumericsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The system gave no memory.
    case outOfMemory(bytes: Int)
    /// `OUTCROP_ISA` names an instruction set that does not exist or that this machine lacks.
    case unsupportedInstructionSet(String)
    /// A matrix does not fit its shape or its file.
    case invalidMatrix(String)

    /// The error in a sentence.
    public var description: String {
        switch self {
        case .outOfMemory(let bytes): "the system refused \(bytes) bytes of memory"
        case .unsupportedInstructionSet(let name):
            "the instruction set '\(name)' is unknown or not available on this machine; "
                + "OUTCROP_ISA takes scalar, avx2, avx512 or amx (x86-64), scalar or neon (arm64)"
        case .invalidMatrix(let text): text
        }
    }
}
