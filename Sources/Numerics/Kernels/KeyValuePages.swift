import CKernels

/// Paged memory for keys and values: a page holds 32 positions of every layer that shares the pool.
///
/// Layout of a page: [layer][key/value head][keys, values][32 * headDim], keys transposed (see `ck_attention`).
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
    /// Whether elements are 32-bit floats rather than half floats.
    public let isFullPrecision: Bool
    /// Bytes of one page.
    public var pageByteCount: Int { layers * heads * 2 * tileByteCount }

    private var elementSize: Int { isFullPrecision ? 4 : 2 }
    private var tileByteCount: Int { KeyValuePages.tokensPerPage * headDim * elementSize }
    private let buffer: AlignedBuffer

    /// Bytes of one page of such a pool.
    public static func pageByteCount(layers: Int, heads: Int, headDim: Int, isFullPrecision: Bool) -> Int {
        layers * heads * 2 * tokensPerPage * headDim * (isFullPrecision ? 4 : 2)
    }

    /// A pool of `pageCount` pages; memory is taken from the system as pages are first used.
    public init(
        pageCount: Int, layers: Int, heads: Int, headDim: Int, isFullPrecision: Bool
    ) throws(NumericsError) {
        self.pageCount = pageCount
        self.layers = layers
        self.heads = heads
        self.headDim = headDim
        self.isFullPrecision = isFullPrecision
        buffer = try AlignedBuffer(
            byteCount: pageCount
                * KeyValuePages.pageByteCount(
                    layers: layers, heads: heads, headDim: headDim, isFullPrecision: isFullPrecision))
    }

    @unsafe fileprivate func keys(page: Int, layer: Int, head: Int) -> UnsafeMutableRawPointer {
        unsafe buffer.base + page * pageByteCount + (layer * heads + head) * 2 * tileByteCount
    }

    /// Stores the key and value of one position of every head.
    ///
    /// - Parameters:
    ///   - key: columns of the row where head 0's key starts; heads follow each other.
    ///   - value: the same for values.
    ///   - slot: place in the page, 0..<32.
    func store(
        _ row: UnsafePointer<Float>, key: Int, value: Int, page: Int, slot: Int, layer: Int,
        toHalf: (UnsafePointer<Float>, Int, UnsafeMutablePointer<UInt16>) -> Void
    ) {
        precondition(page >= 0 && page < pageCount && slot >= 0 && slot < KeyValuePages.tokensPerPage, "a page's slot")
        precondition(layer >= 0 && layer < layers, "a layer of the pool")
        for head in 0..<heads {
            let keys = unsafe keys(page: page, layer: layer, head: head)
            let values = unsafe keys + tileByteCount
            let keyRow = unsafe row + key + head * headDim
            let valueRow = unsafe row + value + head * headDim
            if isFullPrecision {
                let keyTile = unsafe keys.assumingMemoryBound(to: Float.self)
                let valueTile = unsafe values.assumingMemoryBound(to: Float.self)
                for d in 0..<headDim {
                    unsafe keyTile[d * KeyValuePages.tokensPerPage + slot] = keyRow[d]
                    unsafe valueTile[slot * headDim + d] = valueRow[d]
                }
            } else {
                let keyTile = unsafe keys.assumingMemoryBound(to: UInt16.self)
                let valueTile = unsafe values.assumingMemoryBound(to: UInt16.self)
                unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: headDim) { half in
                    guard let start = half.baseAddress else { return }
                    unsafe toHalf(keyRow, headDim, start)
                    for d in 0..<headDim {
                        unsafe keyTile[d * KeyValuePages.tokensPerPage + slot] = start[d]
                    }
                }
                unsafe toHalf(valueRow, headDim, valueTile + slot * headDim)
            }
        }
    }

    /// Writes the addresses of a block table's pages for one layer and head.
    fileprivate func addresses(
        of table: [Int32], layer: Int, head: Int, keys keyPages: inout [UnsafeRawPointer?],
        values valuePages: inout [UnsafeRawPointer?]
    ) {
        unsafe keyPages.removeAll(keepingCapacity: true)
        unsafe valuePages.removeAll(keepingCapacity: true)
        for page in table {
            let start = unsafe keys(page: Int(page), layer: layer, head: head)
            unsafe keyPages.append(UnsafeRawPointer(start))
            unsafe valuePages.append(UnsafeRawPointer(start + tileByteCount))
        }
    }
}

extension KernelSet {
    /// Stores the keys and values of a row of fused q|k|v products at a slot of a page.
    public func storeKeyValue(
        _ qkv: FloatMatrix, row: Int, keyColumn: Int, valueColumn: Int, pages: KeyValuePages, page: Int, slot: Int,
        layer: Int
    ) {
        precondition(valueColumn + pages.heads * pages.headDim <= qkv.stride, "values inside the row")
        unsafe pages.store(
            qkv.rowPointer(row), key: keyColumn, value: valueColumn, page: page, slot: slot, layer: layer
        ) { source, count, target in
            unsafe table.to_f16(source, Int32(count), target)
        }
    }

    /// Where a thread keeps the page addresses of one attention call.
    @safe public final class PageAddresses {
        fileprivate var keys: [UnsafeRawPointer?] = unsafe []
        fileprivate var values: [UnsafeRawPointer?] = unsafe []
        /// No pages; a cache lends them.
        public init() {}

        /// Looks up the pages of `table` for a layer and key/value head.
        public func load(_ table: [Int32], pages: KeyValuePages, layer: Int, head: Int) {
            unsafe pages.addresses(of: table, layer: layer, head: head, keys: &keys, values: &values)
        }
    }

    /// Attention of one token's query heads that share a key/value head.
    ///
    /// - Parameters:
    ///   - queryColumn: where the group's queries start in the row of `queries`; their results go to the same columns of the
    ///     same row of `out`, counted from `outColumn`.
    ///   - addresses: pages of the sequence, loaded for this layer and head, the first of which is absolute page
    ///     `firstPage`.
    ///   - visible: absolute positions that the token sees, itself included.
    public func attend(
        _ queries: FloatMatrix, row: Int, queryColumn: Int, group: Int, pages: KeyValuePages,
        addresses: PageAddresses, firstPage: Int, visible: Range<Int>, scale: Float, sinks: FloatVector,
        firstSink: Int, into out: FloatMatrix, outRow: Int, outColumn: Int, scratch: Scratch
    ) {
        precondition(!visible.isEmpty && visible.lowerBound / KeyValuePages.tokensPerPage >= firstPage, "visible pages")
        precondition(
            unsafe (visible.upperBound - 1) / KeyValuePages.tokensPerPage - firstPage < addresses.keys.count,
            "pages up to the last visible position")
        precondition(queryColumn + group * pages.headDim <= queries.stride, "queries inside the row")
        precondition(outColumn + group * pages.headDim <= out.stride, "results inside the row")
        precondition(firstSink + group <= sinks.count, "a sink per head")
        unsafe addresses.keys.withUnsafeBufferPointer { keys in
            unsafe addresses.values.withUnsafeBufferPointer { values in
                var call = unsafe ck_attention(
                    queries: queries.rowPointer(row) + queryColumn, group: Int32(group),
                    head_dim: Int32(pages.headDim), key_pages: keys.baseAddress, value_pages: values.baseAddress,
                    first_page: Int32(firstPage), begin: Int32(visible.lowerBound), end: Int32(visible.upperBound),
                    scale: scale, sinks: sinks.base + firstSink, out: out.rowPointer(outRow) + outColumn,
                    scratch: scratch.buffer.base.assumingMemoryBound(to: UInt8.self))
                if pages.isFullPrecision {
                    unsafe table.attention_f32(&call)
                } else {
                    unsafe table.attention_f16(&call)
                }
            }
        }
    }
}
