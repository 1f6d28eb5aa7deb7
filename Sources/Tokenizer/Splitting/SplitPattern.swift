/// The split patterns that this module knows.
enum SplitPattern: Sendable, Equatable {
    /// o200k_base and o200k_harmony.
    case o200k
    /// cl100k_base and descendants with at most this many numbers in a piece.
    case cl100k(numberLimit: Int)
    /// GPT-2.
    case gpt2

    /// Recognises a pattern by its text; nil if it is none of the known ones.
    init?(regularExpression: String) {
        let found = SplitPattern.known.first { $0.text.utf8.elementsEqual(regularExpression.utf8) }
        guard let found else { return nil }
        self = found.pattern
    }

    private static let known: [(text: String, pattern: SplitPattern)] = [
        (o200kText, .o200k),
        (cl100kText(numbers: #"\p{N}{1,3}"#), .cl100k(numberLimit: 3)),
        (cl100kText(numbers: #"\p{N}"#), .cl100k(numberLimit: 1)),
        (#"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2),
        (#"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2),
    ]

    private static let o200kText = [
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#,
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#,
        #"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
    ].joined(separator: "|")

    private static func cl100kText(numbers: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }
}
