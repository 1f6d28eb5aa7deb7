/// The pieces of cl100k_base and its descendants, which differ in how many digits stay together:
///
///     1  (?i:'s|'t|'re|'ve|'m|'ll|'d)
///     2  [^\r\n\p{L}\p{N}]?\p{L}+
///     3  \p{N}{1,3}    or    \p{N}
///     4   ?[^\s\p{L}\p{N}]+[\r\n]*
///     5  \s*[\r\n]+
///     6  \s+(?!\S)
///     7  \s+
struct CL100kScanner: PieceScanner {
    /// The most numbers in a piece.
    let numberLimit: Int
    let classes = ScalarClasses.unicode16

    func end(of text: Span<UInt8>, from start: Int) -> Int {
        let first = classes.read(text, start)
        let contracted = contraction(text, from: start, ignoringCase: true)
        if contracted > start { return contracted }
        if first.class.has(.letter) { return classes.run(.letter, text, from: first.next) }
        if first.class.has(.number) { return classes.numbers(text, from: start, limit: numberLimit) }
        if !first.class.has(.newline) {
            let end = classes.run(.letter, text, from: first.next)
            if end > first.next { return end }
        }
        if first.class.has([.other, .mark]) { return punctuation(text, from: first.next) }
        if text[start] == UInt8(ascii: " ") {
            let second = classes.read(text, first.next)
            if second.class.has([.other, .mark]) { return punctuation(text, from: second.next) }
        }
        return classes.whitespace(text, from: start, splitsAtNewlines: true)
    }

    private func punctuation(_ text: Span<UInt8>, from start: Int) -> Int {
        classes.run(.newline, text, from: classes.run([.other, .mark], text, from: start))
    }
}
