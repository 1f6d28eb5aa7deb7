/// Hands out the pages of one pool.
///
/// It knows numbers only; the memory is `KeyValuePages`.
struct PageAllocator: Sendable {
    /// Pages of the pool.
    let pageCount: Int
    private var free: [Int32]

    init(pageCount: Int) {
        self.pageCount = pageCount
        free = (0..<Int32(pageCount)).reversed()
    }

    /// Pages nobody has.
    var freeCount: Int { free.count }

    /// Whether `count` pages can be had. Changes nothing.
    func canAllocate(_ count: Int) -> Bool { count <= free.count }

    /// Takes `count` pages; ask `canAllocate` first.
    mutating func allocate(_ count: Int) -> ArraySlice<Int32> {
        precondition(canAllocate(count), "asked for \(count) pages of \(free.count) free")
        let taken = free.suffix(count)
        free.removeLast(count)
        return taken
    }

    /// Gives pages back.
    mutating func release(_ pages: some Sequence<Int32>) {
        free.append(contentsOf: pages)
        precondition(free.count <= pageCount, "a page was given back twice")
    }
}
