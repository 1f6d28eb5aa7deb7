import Generation
import OutcropNumerics

/// One request on its way through the engine: its tokens, how far they are computed, and its pages.
struct SequenceState {
    /// The engine's own number for the request, ascending by arrival.
    let number: Int
    let request: GenerationRequest
    /// Prompt and sampled tokens.
    private(set) var tokens: [Int32]
    /// Leading tokens whose keys and values are stored.
    private(set) var computed = 0
    /// Pages of the layers that see everything, from position 0.
    private(set) var fullPages: [Int32] = []
    /// Pages of the layers with a window.
    private(set) var slidingPages: [Int32] = []
    /// Absolute number of the first page in `slidingPages`.
    private(set) var firstSlidingPage = 0
    /// Leading blocks that are in the prefix cache: their pages are shared and never written again.
    private(set) var sharedBlocks = 0
    /// Whether its turn has come before.
    private(set) var wasAdmitted = false
    /// Blocks whose sliding pages are worth keeping longer than others.
    private var landmarks: [Range<Int>] = []
    /// Whom it waits for while it waits.
    var waiting = WaitingNotes()
    /// Log-probabilities of the prompt so far, if asked for.
    var promptLogprobs: [TokenLogprob?] = []
    var sampler: Sampler
    /// Guesses of the next tokens.
    var lookup = PromptLookup()

    init(number: Int, request: GenerationRequest) {
        self.number = number
        self.request = request
        tokens = request.prompt
        sampler = Sampler(request.sampling, prompt: request.prompt, stopTokens: request.stopTokens)
    }

    /// Tokens sampled.
    var generatedCount: Int { tokens.count - request.prompt.count }
    /// Tokens not computed yet; 1 while decoding.
    var pendingCount: Int { tokens.count - computed }
    /// Whether the prompt (or, after a preemption, what was recomputed) is not finished.
    var isPrefilling: Bool { pendingCount > 1 || generatedCount == 0 }
    /// Log-probabilities of a prompt need all of it computed.
    var canReusePrefix: Bool { request.promptLogprobs == nil }

    /// Pages of the full layers that are missing to compute `count` more tokens.
    func missingFullPages(for count: Int) -> Int {
        max(0, Self.pages(for: computed + count) - fullPages.count)
    }

    /// Pages of the sliding layers that are missing to compute `count` more tokens.
    func missingSlidingPages(for count: Int) -> Int {
        max(0, Self.pages(for: computed + count) - firstSlidingPage - slidingPages.count)
    }

    /// Pages of either kind that so many tokens fill.
    static func pages(for count: Int) -> Int {
        (count + KeyValuePages.tokensPerPage - 1) / KeyValuePages.tokensPerPage
    }

    /// The identity of a block whose parents are in the prefix cache.
    func key(ofBlock block: Int) -> PrefixCache.Key {
        PrefixCache.Key(tokens, block: block, parent: block == 0 ? nil : fullPages[block - 1])
    }

    mutating func append(_ token: Int32) { tokens.append(token) }

    // MARK: - Pages

    /// Begins behind a prefix that is in memory, with nothing computed of its own.
    mutating func start(full: [Int32], sliding: [Int32], firstSliding: Int) {
        precondition(computed == 0 && fullPages.isEmpty && slidingPages.isEmpty, "nothing computed yet")
        fullPages = full
        slidingPages = sliding
        firstSlidingPage = firstSliding
        sharedBlocks = full.count
        computed = full.count * KeyValuePages.tokensPerPage
        wasAdmitted = true
    }

    mutating func addPages(full: ArraySlice<Int32>, sliding: ArraySlice<Int32>) {
        fullPages.append(contentsOf: full)
        slidingPages.append(contentsOf: sliding)
    }

    /// Marks `count` tokens as computed.
    mutating func advance(_ count: Int) { computed += count }

    /// The first block of its own is in the cache now, with these pages.
    mutating func noteShared(full: Int32, sliding: Int32) {
        fullPages[sharedBlocks] = full
        slidingPages[sharedBlocks - firstSlidingPage] = sliding
        sharedBlocks += 1
    }

    /// Forgets the sliding pages of the blocks before this one.
    mutating func dropSliding(before block: Int) {
        let count = min(block - firstSlidingPage, slidingPages.count)
        guard count > 0 else { return }
        slidingPages.removeFirst(count)
        firstSlidingPage += count
    }

    /// Forgets what is computed.
    mutating func reset() {
        fullPages = []
        slidingPages = []
        firstSlidingPage = 0
        sharedBlocks = 0
        computed = 0
    }

    // MARK: - Landmarks

    /// Notes that another sequence may begin after so many blocks of this one.
    mutating func addLandmark(afterBlocks count: Int, window: Int) {
        let blocks = PrefixCache.firstSeen(afterBlocks: count, window: window)..<count
        if !landmarks.contains(blocks) { landmarks.append(blocks) }
    }

    /// Whether a block's sliding page is needed to begin at a landmark. The end of the prompt is one: there the same prompt
    /// and the next turn of a conversation begin.
    func isLandmark(_ block: Int) -> Bool { landmarks.contains { $0.contains(block) } }
}

/// What the scheduler remembers of a sequence between its attempts to admit it.
struct WaitingNotes {
    /// A running sequence that is computing a prefix of this one, and how many blocks of it are worth waiting for.
    var leader: (number: Int, blocks: Int)?
    /// How many sequences it has waited for in this way.
    var leadersFollowed = 0
    /// Sequences that were admitted before this one although it was its turn, for want of pages.
    var timesOvertaken = 0
}
