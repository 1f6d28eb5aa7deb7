/// Cuts text into the pieces that are merged on their own, by the rules of one split pattern.
///
/// The patterns are regular expressions that backtrack; the scanners compute the same matches directly and read each
/// scalar a bounded number of times.
protocol PieceScanner: Sendable {
    /// The end of the piece that begins at `start`: greater than `start`, at most `text.count`.
    ///
    /// `text` is valid UTF-8 and `start` the beginning of a scalar in it.
    func end(of text: Span<UInt8>, from start: Int) -> Int
}

extension ScalarClasses {
    /// The end of the run of scalars of some classes.
    @inline(__always) func run(_ classes: ScalarClass, _ text: Span<UInt8>, from start: Int) -> Int {
        var offset = start
        while true {
            let scalar = read(text, offset)
            guard scalar.class.has(classes) else { return offset }
            offset = scalar.next
        }
    }

    /// `\p{N}{1,limit}` with a first number already seen.
    @inline(__always) func numbers(_ text: Span<UInt8>, from start: Int, limit: Int) -> Int {
        var offset = start
        for _ in 0..<limit {
            let scalar = read(text, offset)
            guard scalar.class.has(.number) else { break }
            offset = scalar.next
        }
        return offset
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+` (the first only if `splitsAtNewlines`) where a whitespace scalar is at `start`.
    ///
    /// A run ends behind its last newline; else one scalar before its end, unless the text ends there or it is the only
    /// one: that last scalar may be the prefix of a word.
    func whitespace(_ text: Span<UInt8>, from start: Int, splitsAtNewlines: Bool) -> Int {
        var offset = start
        var last = start
        var behindNewline = start
        while true {
            let scalar = read(text, offset)
            guard scalar.class.has(.space) else { break }
            if scalar.class.has(.newline) { behindNewline = scalar.next }
            last = offset
            offset = scalar.next
        }
        if splitsAtNewlines, behindNewline > start { return behindNewline }
        return offset == text.count || last == start ? offset : last
    }
}

/// The end of `'s|'t|'re|'ve|'m|'ll|'d` at `start`, or `start` if there is none. Without regard to case, `ſ` (U+017F) is
/// an s, too.
@inline(__always) func contraction(_ text: Span<UInt8>, from start: Int, ignoringCase: Bool) -> Int {
    guard start < text.count, text[start] == UInt8(ascii: "'") else { return start }
    return contractionLetters(text, from: start, ignoringCase: ignoringCase)
}

private func contractionLetters(_ text: Span<UInt8>, from start: Int, ignoringCase: Bool) -> Int {
    func letter(_ index: Int) -> UInt8 {
        guard start + index < text.count else { return 0 }
        let byte = text[start + index]
        return ignoringCase && byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
    switch (letter(1), letter(2)) {
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
        return start + 2
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
        (UInt8(ascii: "l"), UInt8(ascii: "l")):
        return start + 3
    case (0xC5, 0xBF):
        return ignoringCase ? start + 3 : start
    default:
        return start
    }
}
