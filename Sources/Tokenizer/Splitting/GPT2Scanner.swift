/// The pieces of GPT-2:
///
///     1  's|'t|'re|'ve|'m|'ll|'d
///     2   ?\p{L}+
///     3   ?\p{N}+
///     4   ?[^\s\p{L}\p{N}]+
///     5  \s+(?!\S)
///     6  \s+
struct GPT2Scanner: PieceScanner {
    let classes = ScalarClasses.unicode16

    func end(of text: Span<UInt8>, from start: Int) -> Int {
        let contracted = contraction(text, from: start, ignoringCase: false)
        if contracted > start { return contracted }
        var first = classes.read(text, start)
        if text[start] == UInt8(ascii: " ") {
            let second = classes.read(text, first.next)
            if !second.class.isEmpty, !second.class.has(.space) { first = second }
        }
        for kind: ScalarClass in [.letter, .number, [.other, .mark]] where first.class.has(kind) {
            return classes.run(kind, text, from: first.next)
        }
        return classes.whitespace(text, from: start, splitsAtNewlines: false)
    }
}
