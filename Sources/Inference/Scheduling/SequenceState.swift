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
    /// Log-probabilities of the prompt so far, if asked for.
    var promptLogprobs: [TokenLogprob?] = []
    var sampler: Sampler

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

    /// Pages of the full layers that are missing to compute `count` more tokens.
    func missingFullPages(for count: Int) -> Int {
        max(0, pages(for: computed + count) - fullPages.count)
    }

    /// Pages of the sliding layers that are missing to compute `count` more tokens.
    func missingSlidingPages(for count: Int) -> Int {
        max(0, pages(for: computed + count) - firstSlidingPage - slidingPages.count)
    }

    private func pages(for count: Int) -> Int {
        (count + KeyValuePages.tokensPerPage - 1) / KeyValuePages.tokensPerPage
    }

    mutating func addPages(full: ArraySlice<Int32>, sliding: ArraySlice<Int32>) {
        fullPages.append(contentsOf: full)
        slidingPages.append(contentsOf: sliding)
    }

    /// Marks `count` tokens as computed and returns the sliding pages that no later token of a window this wide can see.
    mutating func advance(_ count: Int, window: Int) -> ArraySlice<Int32> {
        computed += count
        let firstVisible = max(0, computed + 1 - window)
        let unseen = min(firstVisible / KeyValuePages.tokensPerPage - firstSlidingPage, slidingPages.count)
        guard unseen > 0 else { return [] }
        let dropped = slidingPages.prefix(unseen)
        slidingPages.removeFirst(unseen)
        firstSlidingPage += unseen
        return dropped
    }

    mutating func append(_ token: Int32) { tokens.append(token) }

    /// Forgets what is computed and returns the pages it held.
    mutating func reset() -> (full: [Int32], sliding: [Int32]) {
        defer {
            fullPages = []
            slidingPages = []
            firstSlidingPage = 0
            computed = 0
        }
        return (fullPages, slidingPages)
    }
}
