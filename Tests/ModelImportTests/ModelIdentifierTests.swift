import ModelLibrary
import Testing

@Suite struct ModelIdentifierTests {
    @Test("derived ids are twelve letters and digits, and differ with the name")
    func derived() {
        let ids = ["demo", "demo2", "Demo", "", "gpt-oss-20b", "caf\u{E9}", "cafe\u{301}"].map(ModelIdentifier.derived)
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy(ModelIdentifier.isValid))
        // Fixed: clients keep ARNs.
        #expect(ids[0] == "ksutt5svfgkq")
    }

    @Test("random ids are valid and differ")
    func random() {
        let ids = (0..<100).map { _ in ModelIdentifier.random() }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy(ModelIdentifier.isValid))
    }

    @Test("other texts are no ids", arguments: ["", "short", "UPPERCASE123", "abcdef-hijkl", "abcdefghijklm"])
    func invalid(_ text: String) {
        #expect(!ModelIdentifier.isValid(text))
    }
}
