import OutcropNumerics

/// Which computed blocks of tokens are in memory, and in which pages: a tree whose paths from the root are prefixes.
///
/// A block is 32 tokens after a given parent block; the tokens are compared in full, so two different prefixes are never
/// confused. A block is immutable from the moment it is here. It always has a page of the full layers, whose number is
/// the block's name, and may have one of the sliding layers. Sequences hold blocks while they run; what nobody holds stays
/// until its page is needed, the least recently used first.
///
/// Who holds a block holds its parents, and lets the children go first; so the least recently used block that nobody holds
/// never has children.
struct PrefixCache: Sendable {
    /// What a block is: its parent and its tokens.
    struct Key: Hashable, Sendable {
        /// The parent's page of the full layers; -1 for the first block of a sequence.
        var parent: Int32
        var tokens: SIMD32<Int32>
    }

    struct Block: Sendable {
        let key: Key
        /// Sequences that run with this block.
        var holders = 0
        /// Its page of the sliding layers, while there is one.
        var slidingPage: Int32?
        /// Sequences that still see the block from a sliding layer.
        var slidingHolders = 0
        /// Whether its sliding page is likely to be wanted again: the end of a prompt or a sequence, or a place where
        /// prefixes parted.
        var isLandmark = false
        var children = 0
    }

    /// The part of a prompt that is in memory.
    struct Match: Sendable {
        /// Pages of the full layers of the blocks that can be used.
        var full: [Int32] = []
        /// Block from which on the sliding layers' pages are needed, up to the last of `full`.
        var firstSliding = 0
        /// Known blocks, those included whose sliding pages are gone.
        var known = 0
        /// Blocks of `full` that nobody holds yet.
        var unheld = 0
        /// Sliding pages that nobody holds yet.
        var unheldSliding = 0
    }

    private(set) var blocks: [Block?] = []
    private var index: [Key: Int32] = [:]
    /// Blocks that nobody holds.
    private var idle = RecencyList()
    /// Blocks whose sliding page nobody holds: those in the middle of a prompt, and landmarks.
    private var idleSliding = RecencyList()
    private var idleLandmarks = RecencyList()

    /// Pages of the full layers that could be had by forgetting.
    var idleCount: Int { idle.count }
    /// Pages of the sliding layers that could be had by forgetting.
    var idleSlidingCount: Int { idleSliding.count + idleLandmarks.count }

    subscript(page: Int32) -> Block {
        guard Int(page) < blocks.count, let block = blocks[Int(page)] else { preconditionFailure("no such block") }
        return block
    }

    func find(_ key: Key) -> Int32? { index[key] }

    /// The longest usable prefix of at most `limit` blocks: all its blocks are here, and those that the next token sees
    /// through a window this wide have their sliding pages.
    func match(_ tokens: [Int32], limit: Int, window: Int) -> Match {
        var path: [Int32] = []
        var usable = 0
        var complete = 0
        while path.count < limit, let page = index[Key(tokens, block: path.count, parent: path.last)] {
            path.append(page)
            complete = self[page].slidingPage == nil ? 0 : complete + 1
            if complete >= path.count - Self.firstSeen(afterBlocks: path.count, window: window) { usable = path.count }
        }
        var match = Match(full: Array(path.prefix(usable)), known: path.count)
        match.firstSliding = Self.firstSeen(afterBlocks: usable, window: window)
        match.unheld = match.full.count { self[$0].holders == 0 }
        match.unheldSliding = match.full[match.firstSliding...].count { self[$0].slidingHolders == 0 }
        return match
    }

    /// The first block that the token after so many blocks sees through a window.
    static func firstSeen(afterBlocks count: Int, window: Int) -> Int {
        max(0, count * KeyValuePages.tokensPerPage + 1 - window) / KeyValuePages.tokensPerPage
    }

    // MARK: - Holding

    /// Adds a block, held once with both its pages. Ask `find` first.
    mutating func insert(_ key: Key, full: Int32, sliding: Int32?) {
        precondition(index[key] == nil, "a block is here once")
        while blocks.count <= Int(full) { blocks.append(nil) }
        precondition(blocks[Int(full)] == nil, "a page belongs to one block")
        blocks[Int(full)] = Block(key: key, holders: 1, slidingPage: sliding, slidingHolders: sliding == nil ? 0 : 1)
        index[key] = full
        if key.parent >= 0 { blocks[Int(key.parent)]?.children += 1 }
    }

    mutating func hold(_ page: Int32) {
        idle.remove(page)
        blocks[Int(page)]?.holders += 1
    }

    mutating func release(_ page: Int32) {
        precondition(self[page].holders > 0, "released by a holder")
        blocks[Int(page)]?.holders -= 1
        if self[page].holders == 0 { idle.append(page) }
    }

    /// Holds the sliding page of a block and returns it.
    mutating func holdSliding(_ page: Int32) -> Int32? {
        guard let sliding = self[page].slidingPage else { return nil }
        idleSliding.remove(page)
        idleLandmarks.remove(page)
        blocks[Int(page)]?.slidingHolders += 1
        return sliding
    }

    /// Gives a block that has none a sliding page, held once.
    mutating func attachSliding(_ sliding: Int32, to page: Int32) {
        precondition(self[page].slidingPage == nil, "a block has one sliding page")
        blocks[Int(page)]?.slidingPage = sliding
        blocks[Int(page)]?.slidingHolders = 1
    }

    /// - Parameter isLandmark: that this sequence has a reason to expect that the page is wanted again.
    mutating func releaseSliding(_ page: Int32, isLandmark: Bool) {
        precondition(self[page].slidingHolders > 0, "released by a holder")
        blocks[Int(page)]?.slidingHolders -= 1
        if isLandmark { blocks[Int(page)]?.isLandmark = true }
        guard self[page].slidingHolders == 0 else { return }
        if self[page].isLandmark { idleLandmarks.append(page) } else { idleSliding.append(page) }
    }

    // MARK: - Forgetting

    /// Forgets the block used least recently and returns its pages.
    mutating func evict() -> (full: Int32, sliding: Int32?)? {
        guard let page = idle.popFirst() else { return nil }
        let block = self[page]
        precondition(block.children == 0 && block.slidingHolders == 0, "children go before their parents")
        idleSliding.remove(page)
        idleLandmarks.remove(page)
        index[block.key] = nil
        blocks[Int(page)] = nil
        if block.key.parent >= 0 { blocks[Int(block.key.parent)]?.children -= 1 }
        return (page, block.slidingPage)
    }

    /// Blocks that nobody holds, the most recently used first, parents before their children.
    var idleNewestFirst: [Int32] { idle.newestFirst }

    /// Adds a block that nobody holds as the least recently used one. Its parent is here.
    mutating func insertOldest(_ key: Key, full: Int32, sliding: Int32?) {
        insert(key, full: full, sliding: sliding)
        blocks[Int(full)]?.holders = 0
        blocks[Int(full)]?.slidingHolders = 0
        blocks[Int(full)]?.isLandmark = sliding != nil
        idle.prepend(full)
        if sliding != nil { idleLandmarks.prepend(full) }
    }

    /// Takes a sliding page from the block that needs it least and returns it.
    mutating func evictSliding() -> Int32? {
        guard let page = idleSliding.popFirst() ?? idleLandmarks.popFirst() else { return nil }
        defer {
            blocks[Int(page)]?.slidingPage = nil
            blocks[Int(page)]?.isLandmark = false
        }
        return self[page].slidingPage
    }

    /// Whether the tree and the lists agree with each other.
    func checkIntegrity() -> Bool {
        var children: [Int32: Int] = [:]
        var known = 0
        for (number, block) in blocks.enumerated() {
            guard let block else { continue }
            let page = Int32(number)
            known += 1
            if block.key.parent >= 0 {
                children[block.key.parent, default: 0] += 1
                guard let parent = blocks[Int(block.key.parent)], parent.holders >= block.holders else { return false }
            }
            let isIdleSliding = block.slidingPage != nil && block.slidingHolders == 0
            guard index[block.key] == page, idle.contains(page) == (block.holders == 0),
                block.slidingHolders <= block.holders,
                idleSliding.contains(page) == (isIdleSliding && !block.isLandmark),
                idleLandmarks.contains(page) == (isIdleSliding && block.isLandmark)
            else { return false }
        }
        return known == index.count
            && blocks.enumerated().allSatisfy { $1 == nil || $1?.children == children[Int32($0), default: 0] }
    }
}

extension PrefixCache.Key {
    /// The key of a sequence's block.
    init(_ tokens: [Int32], block: Int, parent: Int32?) {
        let start = block * KeyValuePages.tokensPerPage
        precondition(SIMD32<Int32>.scalarCount == KeyValuePages.tokensPerPage, "a block is a page's tokens")
        self.init(parent: parent ?? -1, tokens: SIMD32(tokens[start..<start + KeyValuePages.tokensPerPage]))
    }
}
