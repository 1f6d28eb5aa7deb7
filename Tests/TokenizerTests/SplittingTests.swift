import JSON
import TestSupport
import Testing

@testable import Tokenizer

/// The scanners against the patterns, taken literally.
@Suite struct SplittingTests {
    private func check(_ scanner: some PieceScanner, _ reference: ReferencePattern, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            let text = random.text(maximumCount: 24)
            let expected = reference.pieces(text).map(\.count)
            let found = pieceLengths(text, scanner)
            if found != expected {
                Issue.record("\(text.unicodeScalars.map { String($0.value, radix: 16) }): \(found), not \(expected)")
                return
            }
        }
    }

    @Test("o200k: random texts split as the pattern does")
    func o200k() throws { check(O200kScanner(), try .o200k(), seed: 1) }

    @Test("cl100k: random texts split as the pattern does", arguments: [1, 3])
    func cl100k(numberLimit: Int) throws {
        check(CL100kScanner(numberLimit: numberLimit), try .cl100k(numberLimit: numberLimit), seed: 2)
    }

    @Test("GPT-2: random texts split as the pattern does")
    func gpt2() throws { check(GPT2Scanner(), try .gpt2(), seed: 3) }

    @Test(
        "o200k: documented corners",
        arguments: [
            ("ABCd aBC HELLOworld iPhone", [4, 2, 2, 11, 2, 5]),
            ("!\u{301} !!\u{301} \u{301}A", [3, 5, 3, 1]),
            ("1234567", [3, 3, 1]),
            ("   x  \n x\n\n   ", [2, 2, 3, 2, 2, 3]),
            ("it's IT'S we'\u{17F} 'tis", [4, 5, 6, 2, 3]),
            ("https://x)\n\ny", [5, 3, 1, 3, 1]),
            ("日A日A", [7, 1]),
            ("\tfoo\u{A0}bar_baz\r\n", [4, 5, 4, 2]),
        ]
    )
    func corners(text: String, lengths: [Int]) {
        #expect(pieceLengths(text, O200kScanner()) == lengths)
    }

    @Test("every scalar has the class of Unicode 16")
    func classes() throws {
        let ranges = try JSONValue.parse(fixtureBytes("tokenizer/unicode_classes.json"))
        var expected = [ScalarClass](repeating: .other, count: 0x110000)
        let names: [(String, ScalarClass)] = [
            ("upper_Lu_Lt", .upper), ("lower_Ll", .lower), ("both_Lm_Lo", .uncased), ("mark_M", .mark),
            ("number_N", .number), ("space_s", .blank),
        ]
        for (name, kind) in names {
            for range in try #require(ranges[name]?.arrayValue) {
                let ends = try #require(range.arrayValue).compactMap(\.intValue)
                for scalar in ends[0]...ends[1] { expected[scalar] = kind }
            }
        }
        expected[0x0A] = .newline
        expected[0x0D] = .newline
        let wrong = (0..<0x110000).filter { ScalarClasses.unicode16.classify(UInt32($0)) != expected[$0] }
        #expect(wrong.isEmpty)
    }
}
