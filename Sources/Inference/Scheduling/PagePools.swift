import Generation
import OutcropNumerics

/// The two pools of pages, of the layers that see everything and of those with a window, and the prefix cache that keeps
/// computed pages until they are needed for something else.
///
/// The rule that makes sharing safe: a sequence writes only to pages of its own. A block joins the cache when all its tokens
/// are computed and is never written again; a sequence's last, incomplete block is never shared. Hence nothing is ever
/// copied on write.
struct PagePools: Sendable {
    /// The widest window, at least 1.
    let window: Int
    let reusesPrefixes: Bool
    private var full: PageAllocator
    private var sliding: PageAllocator
    private(set) var cache = PrefixCache()
    /// Whether blocks had to be forgotten for want of pages.
    private(set) var hasEvicted = false

    init(fullPages: Int, slidingPages: Int, window: Int, reusesPrefixes: Bool) {
        full = PageAllocator(pageCount: fullPages)
        sliding = PageAllocator(pageCount: slidingPages)
        self.window = max(1, window)
        self.reusesPrefixes = reusesPrefixes
    }

    /// Pages of the full layers that no sequence holds.
    var availableFull: Int { full.freeCount + cache.idleCount }
    /// Share of the full layers' pages that sequences hold.
    var usage: Double {
        full.pageCount == 0 ? 0 : 1 - Double(availableFull) / Double(full.pageCount)
    }

    // MARK: - A sequence's life

    /// What of a sequence is in memory. At least one token is left to compute.
    func match(_ sequence: SequenceState) -> PrefixCache.Match {
        guard reusesPrefixes, sequence.canReusePrefix else { return PrefixCache.Match() }
        let limit = (sequence.tokens.count - 1) / KeyValuePages.tokensPerPage
        return cache.match(sequence.tokens, limit: limit, window: window)
    }

    /// Lets a sequence that has nothing computed start behind a prefix in memory.
    mutating func adopt(_ match: PrefixCache.Match, by sequence: inout SequenceState) {
        for page in match.full { cache.hold(page) }
        let slidingPages = match.full[match.firstSliding...].compactMap { cache.holdSliding($0) }
        sequence.start(full: match.full, sliding: slidingPages, firstSliding: match.firstSliding)
        // The same prompt may come again, the conversation may go on, and others may part where some have before.
        let prompt = sequence.request.prompt.count
        sequence.addLandmark(afterBlocks: (prompt - 1) / KeyValuePages.tokensPerPage, window: window)
        sequence.addLandmark(afterBlocks: prompt / KeyValuePages.tokensPerPage, window: window)
        if match.known > match.full.count { sequence.addLandmark(afterBlocks: match.known, window: window) }
    }

    /// Gives a sequence the pages to compute `count` more tokens; changes nothing if there are too few.
    mutating func grow(_ sequence: inout SequenceState, by count: Int) -> Bool {
        let fullCount = sequence.missingFullPages(for: count)
        let slidingCount = sequence.missingSlidingPages(for: count)
        guard fullCount <= availableFull, slidingCount <= sliding.freeCount + cache.idleSlidingCount else {
            return false
        }
        while full.freeCount < fullCount, let evicted = cache.evict() {
            hasEvicted = true
            full.release([evicted.full])
            if let page = evicted.sliding { sliding.release([page]) }
        }
        while sliding.freeCount < slidingCount, let page = cache.evictSliding() { sliding.release([page]) }
        sequence.addPages(full: full.allocate(fullCount), sliding: sliding.allocate(slidingCount))
        return true
    }

    /// Notes that `count` more tokens of a sequence are computed: complete blocks join the cache, and pages that slid out of
    /// the window are let go.
    mutating func advance(_ sequence: inout SequenceState, by count: Int) {
        sequence.advance(count)
        if reusesPrefixes {
            while (sequence.sharedBlocks + 1) * KeyValuePages.tokensPerPage <= sequence.computed { share(&sequence) }
        }
        let firstVisible = max(0, sequence.computed + 1 - window) / KeyValuePages.tokensPerPage
        for block in sequence.firstSlidingPage..<max(firstVisible, sequence.firstSlidingPage) {
            letSlidingGo(of: sequence, block: block, isLandmark: sequence.isLandmark(block))
        }
        sequence.dropSliding(before: firstVisible)
    }

    /// Takes all pages from a sequence; complete blocks stay in the cache.
    mutating func release(_ sequence: inout SequenceState) {
        for block in sequence.firstSlidingPage..<sequence.firstSlidingPage + sequence.slidingPages.count {
            // Where a sequence ends the next turn of its conversation begins.
            letSlidingGo(of: sequence, block: block, isLandmark: true)
        }
        for page in sequence.fullPages.prefix(sequence.sharedBlocks).reversed() { cache.release(page) }
        full.release(sequence.fullPages.dropFirst(sequence.sharedBlocks))
        sequence.reset()
    }

    private mutating func letSlidingGo(of sequence: SequenceState, block: Int, isLandmark: Bool) {
        if block < sequence.sharedBlocks {
            cache.releaseSliding(sequence.fullPages[block], isLandmark: isLandmark)
        } else {
            sliding.release([sequence.slidingPages[block - sequence.firstSlidingPage]])
        }
    }

    /// Puts the first block of a sequence that is its own into the cache. If somebody computed the same block before, the
    /// sequence goes on with that one's pages.
    private mutating func share(_ sequence: inout SequenceState) {
        let block = sequence.sharedBlocks
        let key = sequence.key(ofBlock: block)
        let own = sequence.fullPages[block]
        let ownSliding = sequence.slidingPages[block - sequence.firstSlidingPage]
        guard let known = cache.find(key) else {
            cache.insert(key, full: own, sliding: ownSliding)
            sequence.noteShared(full: own, sliding: ownSliding)
            return
        }
        cache.hold(known)
        full.release([own])
        if let sharedSliding = cache.holdSliding(known) {
            sliding.release([ownSliding])
            sequence.noteShared(full: known, sliding: sharedSliding)
        } else {
            cache.attachSliding(ownSliding, to: known)
            sequence.noteShared(full: known, sliding: ownSliding)
        }
    }

    // MARK: - Blocks from elsewhere

    /// Takes up a block that was computed earlier, behind all others in the order of use and only into pages that are free.
    /// - Returns: its pages, which are to be filled; `isNew` is false if the block is here already. Nil if there is no room.
    mutating func restore(
        _ key: PrefixCache.Key, hasSliding: Bool
    ) -> (full: Int32, sliding: Int32?, isNew: Bool)? {
        if let known = cache.find(key) { return (known, nil, false) }
        guard full.canAllocate(1), !hasSliding || sliding.canAllocate(1) else { return nil }
        let page = full.allocate(1)
        let slidingPage = hasSliding ? sliding.allocate(1).first : nil
        guard let page = page.first else { return nil }
        cache.insertOldest(key, full: page, sliding: slidingPage)
        return (page, slidingPage, true)
    }

    // MARK: - Integrity

    /// Every page is free, in the cache or one sequence's own, exactly once, and blocks are held by those who have them.
    func checkIntegrity(_ sequences: [SequenceState]) -> Bool {
        var holders: [Int32: Int] = [:]
        var slidingHolders: [Int32: Int] = [:]
        var fullPages: [Int32] = []
        var slidingPages: [Int32] = []
        for sequence in sequences {
            for (block, page) in sequence.fullPages.enumerated() {
                if block < sequence.sharedBlocks { holders[page, default: 0] += 1 } else { fullPages.append(page) }
            }
            for (offset, page) in sequence.slidingPages.enumerated() {
                let block = sequence.firstSlidingPage + offset
                guard block < sequence.sharedBlocks else {
                    slidingPages.append(page)
                    continue
                }
                guard cache[sequence.fullPages[block]].slidingPage == page else { return false }
                slidingHolders[sequence.fullPages[block], default: 0] += 1
            }
        }
        for (page, block) in cache.blocks.enumerated() {
            guard let block else { continue }
            let number = Int32(page)
            guard block.holders == holders[number, default: 0],
                block.slidingHolders == slidingHolders[number, default: 0]
            else { return false }
            fullPages.append(number)
            if let page = block.slidingPage { slidingPages.append(page) }
        }
        return cache.checkIntegrity() && fullPages.count + full.freeCount == full.pageCount
            && slidingPages.count + sliding.freeCount == sliding.pageCount
            && Set(fullPages).count == fullPages.count && Set(slidingPages).count == slidingPages.count
    }
}
