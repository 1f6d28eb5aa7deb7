/// The pieces of o200k_base and o200k_harmony. The alternatives of the pattern, tried in this order at each position:
///
///     1  [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
///     2  [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
///     3  \p{N}{1,3}
///     4   ?[^\s\p{L}\p{N}]+[\r\n/]*
///     5  \s*[\r\n]+
///     6  \s+(?!\S)
///     7  \s+
struct O200kScanner: PieceScanner {
    /// The first bracket of alternatives 1 and 2.
    private static let upperGroup: ScalarClass = [.upper, .uncased, .mark]
    /// The second bracket of alternatives 1 and 2.
    private static let lowerGroup: ScalarClass = [.lower, .uncased, .mark]

    let classes = ScalarClasses.unicode16

    @inline(__always) func end(of text: Span<UInt8>, from start: Int) -> Int {
        let first = classes.read(text, start)
        if first.class.has(.letter) {
            return suffixed(text, word(text, from: start).end)
        }
        if first.class.has(.number) {
            return classes.numbers(text, from: start, limit: 3)
        }
        if !first.class.has(.newline) {
            let word = word(text, from: first.next)
            // Alternative 1 without its prefix comes before alternative 2 with it: a mark is a word by itself.
            if first.class.has(.mark), !word.endsInLowerGroup { return suffixed(text, first.next) }
            if word.end > first.next { return suffixed(text, word.end) }
        }
        if first.class.has(.other) {
            return punctuation(text, from: first.next)
        }
        if text[start] == UInt8(ascii: " ") {
            // No mark here: it would have been a word.
            let second = classes.read(text, first.next)
            if second.class.has(.other) { return punctuation(text, from: second.next) }
        }
        return classes.whitespace(text, from: start, splitsAtNewlines: true)
    }

    /// Alternative 1 and else 2 from `start`, without prefix and suffix: where the match ends (at `start` if there is
    /// none), and whether it is of alternative 1.
    ///
    /// `[U]*` takes all of a run. `[W]+` then goes on behind it; if it cannot, the run gives back scalars up to the last
    /// that is in both groups, and what follows that one is left out. With none in the run, alternative 2 takes all of it.
    @inline(__always) private func word(_ text: Span<UInt8>, from start: Int) -> (end: Int, endsInLowerGroup: Bool) {
        var offset = start
        var behindBoth = start
        while true {
            let scalar = classes.read(text, offset)
            guard scalar.class.has(Self.upperGroup) else {
                if scalar.class.has(.lower) {
                    return (classes.run(Self.lowerGroup, text, from: scalar.next), true)
                }
                break
            }
            offset = scalar.next
            if scalar.class.has(Self.lowerGroup) { behindBoth = offset }
        }
        return behindBoth > start ? (behindBoth, true) : (offset, false)
    }

    @inline(__always) private func suffixed(_ text: Span<UInt8>, _ end: Int) -> Int {
        contraction(text, from: end, ignoringCase: true)
    }

    /// The rest of alternative 4 behind its first punctuation scalar.
    private func punctuation(_ text: Span<UInt8>, from start: Int) -> Int {
        var offset = classes.run([.other, .mark], text, from: start)
        while offset < text.count {
            let byte = text[offset]
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "/") else { break }
            offset += 1
        }
        return offset
    }
}
