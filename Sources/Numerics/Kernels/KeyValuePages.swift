import CKernels

/// What keys and values are kept as.
public enum KeyValueType: String, Sendable, CaseIterable {
    /// 32-bit floats.
    case f32
    /// Half floats.
    case f16
    /// Signed bytes with a half-float scale per 32 values of a head: a little more than half of `f16`'s memory.
    case int8

    var element: ck_page_element {
        switch self {
        case .f32: CK_PAGE_F32
        case .f16: CK_PAGE_F16
        case .int8: CK_PAGE_I8
        }
    }
}

/// Paged memory for keys and values: a page holds 32 positions of every layer that shares the pool.
///
/// Layout of a page: [layer][key/value head][keys, values], each as `ck_page_element` describes.
/// Safe: the scheduler gives a page to one sequence, and threads write disjoint heads or positions of it.
public final class KeyValuePages: @unchecked Sendable {
    /// Positions per page.
    public static let tokensPerPage = Int(CK_PAGE_TOKENS)
    /// Number of pages.
    public let pageCount: Int
    /// Layers that store in this pool.
    public let layers: Int
    /// Key/value heads per layer.
    public let heads: Int
    /// Floats per head.
    public let headDim: Int
    /// What the elements are.
    public let type: KeyValueType
    /// Bytes of one page.
    public let pageByteCount: Int
    /// Bytes of a layer's keys (or values) of one head in a page.
    let tileByteCount: Int
    private let buffer: AlignedBuffer

    /// Bytes of one page of such a pool.
    public static func pageByteCount(layers: Int, heads: Int, headDim: Int, type: KeyValueType) -> Int {
        layers * heads * 2 * ck_page_bytes(type.element, Int32(headDim))
    }

    /// A pool of `pageCount` pages; memory is taken from the system as pages are first used.
    public init(
        pageCount: Int, layers: Int, heads: Int, headDim: Int, type: KeyValueType
    ) throws(NumericsError) {
        self.pageCount = pageCount
        self.layers = layers
        self.heads = heads
        self.headDim = headDim
        self.type = type
        tileByteCount = ck_page_bytes(type.element, Int32(headDim))
        pageByteCount = KeyValuePages.pageByteCount(layers: layers, heads: heads, headDim: headDim, type: type)
        buffer = try AlignedBuffer(byteCount: pageCount * pageByteCount)
    }

    /// Where the keys of a layer's head start in a page; its values follow them.
    @unsafe func tile(page: Int, layer: Int, head: Int) -> UnsafeMutableRawPointer {
        precondition(layer >= 0 && layer < layers && head >= 0 && head < heads, "a layer and head of the pool")
        return unsafe buffer.base + page * pageByteCount + (layer * heads + head) * 2 * tileByteCount
    }

    /// Copies a page's bytes behind those of `target`.
    public func append(page: Int, to target: inout [UInt8]) {
        precondition(page >= 0 && page < pageCount, "a page of the pool")
        unsafe target.append(
            contentsOf: UnsafeRawBufferPointer(start: buffer.base + page * pageByteCount, count: pageByteCount))
    }

    /// Overwrites a page with bytes that `append(page:to:)` made of a page of an equal pool, from `offset` on.
    public func restore(page: Int, from bytes: [UInt8], at offset: Int) {
        precondition(page >= 0 && page < pageCount, "a page of the pool")
        precondition(offset >= 0 && offset + pageByteCount <= bytes.count, "a whole page's bytes")
        unsafe bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe (buffer.base + page * pageByteCount).copyMemory(from: base + offset, byteCount: pageByteCount)
        }
    }

    /// Whether every one of the page numbers is in the pool.
    func holds(_ numbers: ArraySlice<Int32>) -> Bool {
        // Without a branch per number: a long context has thousands. Negative ones become large.
        var largest: UInt32 = 0
        for number in numbers { largest = max(largest, UInt32(bitPattern: number)) }
        return Int(largest) < pageCount
    }
}
