import APISupport
import Testing

@Suite struct RequestIDTests {
    @Test("a usable id of the client is kept", arguments: ["abc-123", "x", String(repeating: "a", count: 128)])
    func keeps(_ id: String) {
        #expect(RequestIdentifier(header: id).description == id)
    }

    @Test(
        "an unusable id is replaced by a new one",
        arguments: [nil, "", "with space", "new\nline", "schön", String(repeating: "a", count: 129)] as [String?])
    func replaces(_ id: String?) {
        let new = RequestIdentifier(header: id).description
        #expect(new.hasPrefix("req_"))
        #expect(new.utf8.count == 28)
        #expect(new != RequestIdentifier(header: id).description)
    }
}
