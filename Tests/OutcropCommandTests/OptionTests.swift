import ArgumentParser
import Testing

@testable import OutcropCommand

@Suite struct OptionTests {
    @Test(
        "sizes are read in binary and decimal units",
        arguments: [
            ("1", 1), ("4GiB", 4 << 30), ("4g", 4 << 30), ("500MB", 500_000_000), ("1.5 kib", 1536), ("12b", 12),
        ])
    func readsSizes(text: String, bytes: Int) {
        #expect(ByteSize(argument: text)?.bytes == bytes)
    }

    @Test("what is no size is refused", arguments: ["", "x", "-1", "0", "4 apples", "1e99", "99999999999TB", "."])
    func refusesSizes(text: String) {
        #expect(ByteSize(argument: text) == nil)
    }

    @Test("token ids are read from a list")
    func readsTokens() throws {
        #expect(try TokenList(argument: "1,2, 300").ids == [1, 2, 300])
    }

    @Test(
        "what is no list of token ids is refused", arguments: ["", ",", "1,", "1,,2", "-1", "a", "1.5", "2147483648"])
    func refusesTokens(text: String) {
        #expect(throws: ValidationError.self) { try TokenList(argument: text) }
    }
}

@Suite struct ChatInputTests {
    @Test(
        "lines are commands or messages",
        arguments: [
            ("", .empty), ("   ", .empty), (" hello /effort ", .message("hello /effort")), ("/effort", .effort(nil)),
            ("/effort  high ", .effort("high")), ("/system Be brief. ", .system("Be brief.")),
            ("/system", .system(nil)),
            ("/save a b.json", .save("a b.json")), ("/clear", .clear), ("/help", .help), ("/exit", .exit),
            ("/quit", .exit), ("/nothing x", .unknown("/nothing")), ("/", .unknown("/")),
        ] as [(String, ChatInput)])
    func reads(line: String, input: ChatInput) {
        #expect(ChatInput(line) == input)
    }
}
