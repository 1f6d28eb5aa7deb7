import Harmony
import JSON
import TestSupport
import Testing
import Tokenizer

@Suite struct HarmonyStreamParserTests {
    @Test("a turn of thoughts, a preamble and an answer")
    func wellFormed() throws {
        let turn = try ParsedTurn(
            "<|channel|>analysis<|message|>Think.<|end|><|start|>assistant<|channel|>commentary<|message|>Wait.<|end|>"
                + "<|start|>assistant<|channel|>final<|message|>Grüße 👍<|return|>")
        #expect(turn.messages == ["analysis|Think.", "commentary|Wait.", "final|Grüße 👍"])
        #expect(turn.diagnostics.isEmpty)
        #expect(turn.parser.turnEnd == .returned)
        let counts = turn.parser.tokenCounts
        #expect(counts.analysis == 2 && counts.commentary == 2 && counts.final > 2 && counts.total > counts.final + 4)
    }

    @Test("a tool call in the forms that models use")
    func calls() throws {
        for header in [
            "<|channel|>commentary to=functions.f <|constrain|>json",
            " to=functions.f<|channel|>commentary <|constrain|>json",
            "<|channel|>commentary to=functions.f<|constrain|>json", "<|channel|>commentary to=functions.f json",
        ] {
            let turn = try ParsedTurn(header + "<|message|>{\"a\":1}<|call|>")
            #expect(turn.messages == ["commentary>functions.f:json|{\"a\":1}"], "\(header)")
            #expect(turn.diagnostics.isEmpty, "\(header)")
            #expect(turn.parser.turnEnd == .called)
        }
        let other = try ParsedTurn("<|channel|>analysis to=functions.f code<|message|>x<|return|>")
        #expect(other.messages == ["analysis>functions.f:code|x"])
        #expect(other.parser.currentHeader == nil && other.parser.turnEnd == .returned)
    }

    @Test(
        "malformed headers are read as what they were meant to be",
        arguments: [
            ("<|channel|>commentary?<|message|>x<|end|>", "commentary|x"),
            ("<|channel|>??<|message|>x<|end|>", "final|x"), ("<|channel|>––analysis<|message|>x<|end|>", "analysis|x"),
            ("<|channel|>ANALYSIS<|message|>x<|end|>", "analysis|x"),
            ("<|channel|>commentaryto=functions.f<|message|>x<|call|>", "commentary>functions.f|x"),
            ("<|channel|>commentary to:functions.f TO=functions.g<|message|>x<|call|>", "commentary>functions.f|x"),
            ("<|channel|>––commentary to=functions.f<|message|>x<|call|>", "commentary>functions.f|x"),
            (
                "<|channel|>commentary<|channel|>commentary to=functions.f <|constrain|>json<|message|>x<|call|>",
                "commentary>functions.f:json|x"
            ),
            ("<|channel|>analysis<|channel|>final<|message|>x<|end|>", "final|x"),
            ("<|channel|>commentary free text here<|message|>x<|end|>", "commentary|x"),
            ("<|channel|>commentary then to=functions.f now<|message|>x<|end|>", "commentary>functions.f|x"),
            ("<|channel|>commentry to=functions.f<|message|>x<|call|>", "commentary>functions.f|x"),
            ("<|channel|>final <|constrain|>json<|message|>{}<|return|>", "final:json|{}"),
            ("<|channel|>final json<|message|>{}<|return|>", "final:json|{}"),
            (
                "<|channel|>commentary to=functions.f <|constrain|>write: edit file<|message|>x<|call|>",
                "commentary>functions.f:write|x"
            ),
            (
                "<|channel|>commentary functions.f <|constrain|>json<|message|>x<|call|>",
                "commentary>functions.f:json|x"
            ),
            ("create_event<|channel|>analysis code<|message|>x<|call|>", "analysis>create_event:code|x"),
            (" to=create_event<|channel|>analysis<|message|>x<|call|>", "analysis>create_event|x"),
            ("<|channel|>commentary to=python?<|message|>x<|call|>", "commentary>python|x"),
            ("<|start|>assistant<|channel|>final<|message|>x<|return|>", "final|x"),
            ("<|message|>x<|return|>", "final|x"), (" to=functions.f<|message|>x<|call|>", "commentary>functions.f|x"),
            ("assistantfinal<|message|>x<|return|>", "final|x"), ("final<|message|>x<|return|>", "final|x"),
            ("<|channel|>final<|startoftext|><|message|>x<|return|>", "final|x"),
            ("<|channel|>commentary to=user<|message|>x<|end|>", "commentary|x"),
        ] as [(String, String)])
    func malformedHeaders(text: String, message: String) throws {
        let turn = try ParsedTurn(text, tools: ["create_event"])
        #expect(turn.messages == [message])
        #expect((turn.parser.messages.first?.sampledTokens == nil) == !turn.diagnostics.isEmpty)
    }

    @Test(
        "text in a header without <|message|> is kept as content",
        arguments: [
            ("<|channel|>final Hi there.<|return|>", ["final|Hi there."]),
            ("Hello! How can I help?<|return|>", ["final|Hello! How can I help?"]),
            (
                "<|channel|>analysisWe need to think<|channel|>final<|message|>Hi<|return|>",
                ["analysis|We need to think", "final|Hi"]
            ),
            (
                "<|channel|>analysis<|message|>t<|end|><|start|>assistant<|channel|>final Hi<|return|>",
                ["analysis|t", "final|Hi"]
            ),
            (
                "<|channel|>commentary to=functions.f <|constrain|>json{\"a\":1}<|call|>",
                ["commentary>functions.f:json|{\"a\":1}"]
            ),
            ("<|channel|>commentary to=functions.f{\"a\":1}<|call|>", ["commentary>functions.f|{\"a\":1}"]),
            ("<|channel|>commentary to=functions.ping<|call|>", ["commentary>functions.ping|"]),
            ("<|channel|>final<|return|>", []), ("<|return|>", []), ("", []), ("<|channel|>comm", []), (" to=func", []),
            ("<|channel|>final Hi", ["final|Hi"]),
            ("<|channel|>final Hi<|start|>assistant<|channel|>final<|message|>Ho", ["final|Hi", "final|Ho"]),
        ] as [(String, [String])])
    func missingMessageToken(text: String, messages: [String]) throws {
        #expect(try ParsedTurn(text).messages == messages)
    }

    @Test("a long answer without any header streams before it ends")
    func streamsWithoutHeader() throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        let answer = "Here is the answer, " + String(repeating: "which is long; ", count: 50) + "日本語で終わり"
        var parser = HarmonyStreamParser(encoding)
        var text = ""
        for id in encoding.tokenizer.encodeOrdinary(answer) {
            for case .text(let delta, let header) in parser.consume(id) {
                #expect(header.channel == .final)
                text += delta
            }
        }
        #expect(text == answer)
    }

    @Test(
        "after a complete message",
        arguments: [
            ("<|return|>", [], .returned), ("<|return|><|return|>", [], .returned),
            ("<|end|><|return|>", [], .returned),
            ("<|end|>\n <|endoftext|>", [], .endOfText), ("<|endoftext|>", [], .endOfText),
            ("<|end|><|call|>", [], .called), ("<|end|>Bye", [], .abandoned), ("<|end|><|message|>Bye", [], .abandoned),
            ("<|end|><|channel|>final<|message|>Bye<|return|>", ["final|Bye"], .returned),
            ("<|end|>final<|message|>Bye<|return|>", ["final|Bye"], .returned),
            ("<|end|>commentary to=functions.f<|message|>{}<|call|>", ["commentary>functions.f|{}"], .called),
            ("<|end|>assistant<|channel|>final<|message|>Bye<|return|>", ["final|Bye"], .returned),
            ("<|end|>finally<|message|>Bye<|return|>", [], .abandoned),
            ("<|end|><|start|>user<|message|>Bye<|end|>", [], .abandoned),
            ("<|end|><|start|>functions.f to=assistant<|channel|>commentary<|message|>1<|end|>", [], .abandoned),
            (
                "<|call|><|start|>assistant<|channel|>commentary to=functions.g<|message|>{}<|call|>",
                ["commentary>functions.g|{}"], .called
            ),
            ("<|call|><|start|>functions.f to=assistant<|message|>1<|end|>", [], .called),
            ("<|return|><|start|>assistant<|channel|>final<|message|>Bye<|return|>", [], .returned),
            ("<|end|><|start|>assistantassistant<|channel|>final<|message|>Bye<|return|>", ["final|Bye"], .returned),
            ("<|channel|>final<|message|>Bye<|return|>", ["final|Bye"], .returned),
            ("<|start|>assistant<|channel|>final<|message|>Bye<|return|>", ["final|Bye"], .returned),
        ] as [(String, [String], HarmonyTurnEnd)])
    func afterMessage(rest: String, messages: [String], end: HarmonyTurnEnd) throws {
        let turn = try ParsedTurn("<|channel|>analysis<|message|>Think." + rest)
        #expect(turn.messages == ["analysis|Think."] + messages)
        #expect(turn.parser.turnEnd == end)
    }

    @Test("other control tokens within text are left out")
    func controlTokensInText() throws {
        let turn = try ParsedTurn(
            "<|channel|>final<|message|>a<|message|>b<|constrain|>c<|reserved_200100|>d<|return|>")
        #expect(turn.messages == ["final|abcd"])
        #expect(turn.diagnostics.count == 3)
        #expect(turn.parser.messages[0].sampledTokens == nil)
    }

    @Test("the names of control tokens, written as text, are text")
    func controlNamesAsText() throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        let text = "<|end|><|channel|>final<|message|>"
        let ids =
            [encoding.channel] + encoding.tokenizer.encodeOrdinary("final") + [encoding.message]
            + encoding.tokenizer.encodeOrdinary(text) + [encoding.returnToken]
        #expect(ParsedTurn(ids, encoding).messages == ["final|" + text])
    }

    @Test("a scalar is never cut, and one that stays incomplete becomes U+FFFD when its message ends")
    func scalars() throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        // Single-byte tokens of "é" and of the beginning of "日".
        func byteToken(_ byte: UInt8) -> Int32 {
            (0..<256).first { encoding.tokenizer.bytes(of: $0) == [byte] } ?? 0
        }
        let header = [encoding.channel] + encoding.tokenizer.encodeOrdinary("final") + [encoding.message]
        let turn = ParsedTurn(header + [0xC3, 0xA9, 0xE6, 0x97].map(byteToken) + [encoding.end], encoding)
        let deltas = turn.events.compactMap { if case .text(let text, _) = $0 { text } else { nil } }
        #expect(deltas == ["é", "\u{FFFD}"])
    }

    @Test("what is well-formed parses to the same messages as the official parser's")
    func agreesWithOfficialParser() throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        var count = 0
        for line in try fixtureLines("harmony/parse.jsonl") {
            let vector = try JSONValue.parse(line)
            guard ["well_formed", "retokenised", "utf8_split", "bad_utf8"].contains(vector["cat"]?.stringValue),
                vector["role"]?.stringValue == "assistant", vector["strict"]?["ok"]?.boolValue == true
            else { continue }
            let ids = (vector["tokens"]?.arrayValue ?? []).compactMap(\.intValue).compactMap(Int32.init(exactly:))
            // The turn ends where sampling stops.
            if ids.dropLast().contains(where: encoding.samplingStops.contains) { continue }
            let official = vector["strict"]?["messages"]?.arrayValue ?? []
            guard official.allSatisfy({ $0["role"] == "assistant" }) else { continue }
            let expected = official.map { message in
                let recipient = message["recipient"]?.stringValue
                let channel = message["channel"]?.stringValue ?? (recipient == nil ? "final" : "commentary")
                return "\(channel) \(recipient ?? "-") \(message["content"]?.stringValue ?? "")"
            }
            // The official parser takes a lone content type for a recipient.
            if expected.contains(where: { $0.contains(" <|constrain|>json ") }) { continue }
            let found = ParsedTurn(ids, encoding).parser.messages.map(\.description)
            #expect(found == expected, "\(vector["id"]?.stringValue ?? "")")
            count += 1
        }
        #expect(count > 100)
    }
}

extension HarmonyMessage {
    fileprivate var description: String { "\(channel ?? "-") \(recipient ?? "-") \(text)" }
}
