/// The tokens of a header as they come.
struct HeaderBuffer {
    /// A byte of text (0 ... 255) or a marker.
    typealias Symbol = UInt16
    /// `<|channel|>`
    static let channelMarker: Symbol = 256
    /// `<|constrain|>`
    static let constrainMarker: Symbol = 257

    /// Whether it is already known that the assistant writes: the prompt or an assumption says so.
    var isAuthorKnown: Bool
    /// Text and markers.
    private(set) var symbols: [Symbol] = []
    /// All ids, as sampled.
    private(set) var tokens: [Int32] = []
    /// Whether the header has been mended or lost tokens, so that it must not be repeated to the model.
    var isMended = false
    private(set) var hasLineFeed = false

    init(isAuthorKnown: Bool) {
        self.isAuthorKnown = isAuthorKnown
    }

    /// Nothing has come.
    var isEmpty: Bool { symbols.isEmpty }

    /// Whether the header is so long, or has so many lines, that what it holds may rather be text.
    var isSuspicious: Bool { hasLineFeed || symbols.count > 96 }

    /// Whether the text is cut within a scalar and can still be completed.
    var endsWithinScalar: Bool {
        let tail = symbols.suffix(3).reversed().prefix { $0 < 256 }.reversed().map(UInt8.init)
        // Whatever comes before the last lead byte is complete.
        let scalar = tail.lastIndex { $0 & 0xC0 != 0x80 }.map { Array(tail[$0...]) } ?? []
        return UTF8Prefix(scalar).rest == .incomplete
    }

    /// Whether it must be decided now what the header means.
    var isFull: Bool { symbols.count > 512 || tokens.count > 256 }

    mutating func append(_ bytes: [UInt8], token: Int32) {
        tokens.append(token)
        append(text: bytes)
    }

    /// Text without a token of its own.
    mutating func append(text bytes: [UInt8]) {
        hasLineFeed = hasLineFeed || bytes.contains(0x0A)
        symbols += bytes.map(Symbol.init)
    }

    mutating func append(marker: Symbol, token: Int32?) {
        if let token { tokens.append(token) }
        symbols.append(marker)
    }
}
