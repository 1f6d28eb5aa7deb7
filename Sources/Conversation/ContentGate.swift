import Generation

/// What the user reads, on its way out: stop texts cut it, and each token's log-probability leaves with the text that the
/// token ends in.
struct ContentGate: Sendable {
    private struct Entry: Sendable {
        var token: TokenLogprob
        /// Bytes of text before the token.
        var start: Int
        /// Bytes of text that must be released before the token is.
        var end: Int
    }

    private var matcher: StopMatcher
    private var waiting: [Entry] = []
    private var received = 0
    private var released = 0

    init(stop: [String]) {
        matcher = StopMatcher(stop)
    }

    /// Whether a stop text was found.
    var hasMatched: Bool { matcher.hasMatched }

    /// Text that a token completed (none if the token ends within a scalar), and the token.
    mutating func append(_ text: String, token: TokenLogprob?) -> (text: String, tokens: [TokenLogprob]) {
        if let token {
            let isPartial = text.isEmpty
            let end = received + text.utf8.count + (isPartial ? 1 : 0)
            waiting.append(Entry(token: token, start: received, end: end))
        }
        received += text.utf8.count
        return release(matcher.append(text))
    }

    /// What was held back, as the text has ended.
    mutating func finish() -> (text: String, tokens: [TokenLogprob]) {
        let rest = matcher.finish()
        released += rest.utf8.count
        defer { waiting = [] }
        return (rest, hasMatched ? [] : waiting.map(\.token))
    }

    private mutating func release(_ text: String) -> (text: String, tokens: [TokenLogprob]) {
        released += text.utf8.count
        // Why the start counts once a stop text is found: a token that began before it has shown something.
        let count = waiting.prefix { hasMatched ? $0.start < released : $0.end <= released }.count
        defer { waiting.removeFirst(count) }
        return (text, waiting.prefix(count).map(\.token))
    }
}
