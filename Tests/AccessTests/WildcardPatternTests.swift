import Testing

@testable import Access

@Suite struct WildcardPatternTests {
    /// The definition, by trying everything.
    private func naive(_ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>) -> Bool {
        switch pattern.first {
        case nil: text.isEmpty
        case "*": naive(pattern.dropFirst(), text) || (!text.isEmpty && naive(pattern, text.dropFirst()))
        case "?": !text.isEmpty && naive(pattern.dropFirst(), text.dropFirst())
        case let scalar: text.first == scalar && naive(pattern.dropFirst(), text.dropFirst())
        }
    }

    @Test("matching is what its definition says, over random patterns and texts")
    func agreesWithDefinition() {
        var random = SeededGenerator(seed: 1)
        var matched = 0
        for _ in 0..<20_000 {
            let pattern = (0..<Int.random(in: 0...7, using: &random)).map { _ -> Unicode.Scalar in
                ["a", "b", "é", "*", "*", "?"].randomElement(using: &random) ?? "a"
            }
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ -> Unicode.Scalar in
                ["a", "a", "b", "é"].randomElement(using: &random) ?? "a"
            }
            let expected = naive(pattern[...], text[...])
            #expect(WildcardPattern(pattern.map(WildcardPattern.element)).matches(text[...]) == expected)
            if expected { matched += 1 }
        }
        #expect((2000..<18_000).contains(matched))
    }

    @Test("a pattern made to take for ever does not", .timeLimit(.minutes(1)))
    func worstCase() {
        let pattern = WildcardPattern(String(repeating: "*a", count: 1000) + "b")
        #expect(!pattern.matches(Array(String(repeating: "a", count: 2000).unicodeScalars)[...]))
    }
}
