import CKernels

// The table's entries are filled by `ck_select`, so that an optional function here is never nil.
extension KernelSet {
    /// The most tokens of one call of `attend`.
    public static let attentionTokens = Int(CK_ATTENTION_TOKENS)

    /// Stores the keys and values of a row of fused q|k|v products at a slot of a page.
    ///
    /// - Parameters:
    ///   - keyColumn: where head 0's key starts in the row; heads follow each other.
    ///   - valueColumn: the same for values.
    ///   - slot: place in the page, 0..<32.
    public func storeKeyValue(
        _ qkv: FloatMatrix, row: Int, keyColumn: Int, valueColumn: Int, pages: KeyValuePages, page: Int, slot: Int,
        layer: Int
    ) {
        precondition(page >= 0 && page < pages.pageCount, "a page of the pool")
        precondition(slot >= 0 && slot < KeyValuePages.tokensPerPage, "a slot of the page")
        precondition(keyColumn >= 0 && keyColumn + pages.heads * pages.headDim <= qkv.stride, "keys inside the row")
        precondition(
            valueColumn >= 0 && valueColumn + pages.heads * pages.headDim <= qkv.stride, "values inside the row")
        let start = unsafe qkv.rowPointer(row)
        for head in 0..<pages.heads {
            let keys = unsafe pages.tile(page: page, layer: layer, head: head)
            let values = unsafe keys + pages.tileByteCount
            let key = unsafe start + keyColumn + head * pages.headDim
            let value = unsafe start + valueColumn + head * pages.headDim
            switch pages.type {
            case .f32:
                unsafe spread(key, keys.assumingMemoryBound(to: Float.self), slot, pages.headDim)
                unsafe values.assumingMemoryBound(to: Float.self).advanced(by: slot * pages.headDim)
                    .update(from: value, count: pages.headDim)
            case .f16: unsafe storeHalves(key, value, keys, values, slot: slot, headDim: pages.headDim)
            case .int8: unsafe storeBytes(key, value, keys, values, slot: slot, headDim: pages.headDim)
            }
        }
    }

    /// A key's elements go to one column of the transposed tile.
    @unsafe private func spread<Element>(
        _ key: UnsafePointer<Element>, _ tile: UnsafeMutablePointer<Element>, _ slot: Int, _ count: Int
    ) {
        for index in 0..<count { unsafe tile[index * KeyValuePages.tokensPerPage + slot] = key[index] }
    }

    @unsafe private func storeHalves(
        _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>, _ keys: UnsafeMutableRawPointer,
        _ values: UnsafeMutableRawPointer, slot: Int, headDim: Int
    ) {
        unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: headDim) { halves in
            guard let start = halves.baseAddress else { return }
            unsafe table.to_f16(key, Int32(headDim), start)
            unsafe spread(start, keys.assumingMemoryBound(to: UInt16.self), slot, headDim)
        }
        unsafe table.to_f16(value, Int32(headDim), values.assumingMemoryBound(to: UInt16.self) + slot * headDim)
    }

    @unsafe private func storeBytes(
        _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>, _ keys: UnsafeMutableRawPointer,
        _ values: UnsafeMutableRawPointer, slot: Int, headDim: Int
    ) {
        let blocks = (headDim + 31) / 32
        let scalesOffset = headDim * KeyValuePages.tokensPerPage
        unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: blocks) { scales in
            unsafe withUnsafeTemporaryAllocation(of: Int8.self, capacity: headDim) { bytes in
                guard let scale = scales.baseAddress, let byte = bytes.baseAddress else { return }
                unsafe table.to_i8(key, Int32(headDim), byte, scale)
                unsafe spread(byte, keys.assumingMemoryBound(to: Int8.self), slot, headDim)
                unsafe spread(scale, (keys + scalesOffset).assumingMemoryBound(to: UInt16.self), slot, blocks)
                unsafe table.to_i8(
                    value, Int32(headDim), values.assumingMemoryBound(to: Int8.self) + slot * headDim, scale)
                unsafe spread(scale, (values + scalesOffset).assumingMemoryBound(to: UInt16.self), slot, blocks)
            }
        }
    }

    /// A sequence's pages, as one layer's key/value head sees them.
    public struct KeyValueView {
        let pages: KeyValuePages
        let table: [Int32]
        let firstPage: Int
        let layer: Int
        let head: Int

        /// - Parameters:
        ///   - table: numbers of the sequence's pages.
        ///   - firstPage: the absolute page that `table[0]` is, covering positions 32 * firstPage and on.
        public init(pages: KeyValuePages, table: [Int32], firstPage: Int, layer: Int, head: Int) {
            self.pages = pages
            self.table = table
            self.firstPage = firstPage
            self.layer = layer
            self.head = head
        }

        /// Whether positions `visible` are in pages of the pool.
        fileprivate func covers(_ visible: Range<Int>) -> Bool {
            let first = visible.lowerBound / KeyValuePages.tokensPerPage - firstPage
            let last = (visible.upperBound - 1) / KeyValuePages.tokensPerPage - firstPage
            return first >= 0 && last < table.count && pages.holds(table[first...last])
        }
    }

    /// Attention of consecutive tokens' query heads that share a key/value head.
    ///
    /// A token's result does not depend on the other rows of the call.
    /// - Parameters:
    ///   - rows: the tokens' rows in `queries` and `out`, at most `attentionTokens`.
    ///   - column: where the group's queries start in a row of `queries`, and its results in a row of `out`.
    ///   - keyValues: what the tokens have stored, themselves included.
    ///   - firstPosition: absolute position of the first row's token.
    ///   - window: positions that a token sees, itself included; everything if nil.
    ///   - firstSink: the sink of the group's first head; one per head.
    public func attend(
        _ queries: FloatMatrix, rows: Range<Int>, column: Int, group: Int, to keyValues: KeyValueView,
        firstPosition: Int, window: Int?, scale: Float, sinks: FloatVector, firstSink: Int, into out: FloatMatrix,
        scratch: Scratch
    ) {
        let pages = keyValues.pages
        let width = group * pages.headDim
        precondition(!rows.isEmpty && rows.count <= KernelSet.attentionTokens, "rows of one call")
        precondition(rows.upperBound <= queries.rows && rows.upperBound <= out.rows, "rows of queries and results")
        precondition(column >= 0 && column + width <= queries.stride && column + width <= out.stride, "columns of both")
        precondition(firstPosition >= 0 && (window ?? 1) > 0, "a position and a window")
        precondition(firstSink >= 0 && firstSink + group <= sinks.count, "a sink per head")
        precondition(group <= scratch.group && pages.headDim <= scratch.headDim, "scratch for such a group")
        let begin = max(0, firstPosition + 1 - (window ?? firstPosition + 1))
        precondition(keyValues.covers(begin..<firstPosition + rows.count), "pages of all visible positions")
        unsafe keyValues.table.withUnsafeBufferPointer { numbers in
            var call = unsafe ck_attention(
                queries: queries.rowPointer(rows.lowerBound) + column, query_stride: queries.stride,
                tokens: Int32(rows.count), first_position: Int32(firstPosition), window: Int32(window ?? 0),
                group: Int32(group), head_dim: Int32(pages.headDim), element: pages.type.element,
                pages: pages.tile(page: 0, layer: keyValues.layer, head: keyValues.head)
                    .assumingMemoryBound(to: UInt8.self),
                page_stride: pages.pageByteCount, value_offset: pages.tileByteCount,
                page_numbers: numbers.baseAddress, first_page: Int32(keyValues.firstPage), scale: scale,
                sinks: sinks.base + firstSink, out: out.rowPointer(rows.lowerBound) + column,
                out_stride: out.stride, scratch: scratch.buffer.base.assumingMemoryBound(to: UInt8.self))
            unsafe table.attention(&call)
        }
    }
}
