import Testing

@testable import Conversation

@Suite struct StopMatcherTests {
    private func run(_ stops: [String], _ chunks: [String]) -> (text: String, hasMatched: Bool) {
        var matcher = StopMatcher(stops)
        var text = ""
        for chunk in chunks { text += matcher.append(chunk) }
        if !matcher.hasMatched { text += matcher.finish() }
        return (text, matcher.hasMatched)
    }

    @Test("without stop texts everything passes at once")
    func passes() {
        var matcher = StopMatcher([])
        #expect(matcher.append("abc") == "abc")
        #expect(!matcher.hasMatched)
    }

    @Test("the beginning of a stop text is held back and released when it is none")
    func holdsBack() {
        var matcher = StopMatcher(["END"])
        #expect(matcher.append("some E") == "some ")
        #expect(matcher.append("N") == "")
        #expect(matcher.append("ough") == "ENough")
        #expect(matcher.append(" EN") == " ")
        #expect(matcher.finish() == "EN")
    }

    @Test("however the text is cut, the same text comes out")
    func doesNotDependOnChunks() {
        let text = "aé\u{1F600}b STOP cSTabSTO STOPPING"
        for stops in [
            ["STOP"], ["b ", "STOP"], ["\u{1F600}b"], ["OP", "STOP"], ["zzz"], ["aé\u{1F600}b STOP cSTabSTO STOPPINGx"],
        ] {
            let whole = run(stops, [text])
            let scalars = text.unicodeScalars.map { String($0) }
            for size in 1...7 {
                let chunks = stride(from: 0, to: scalars.count, by: size).map {
                    scalars[$0..<min($0 + size, scalars.count)].joined()
                }
                let cut = run(stops, chunks)
                #expect(cut.text == whole.text && cut.hasMatched == whole.hasMatched, "\(stops) \(size)")
            }
        }
    }

    @Test("nothing behind a stop text is released")
    func endsAtMatch() {
        var matcher = StopMatcher(["\n\n"])
        #expect(matcher.append("one\n") == "one")
        #expect(matcher.append("\ntwo") == "")
        #expect(matcher.hasMatched)
        #expect(matcher.append("three") == "")
        #expect(matcher.finish() == "")
    }
}
