import JSON
import TestSupport
import Testing
import Tokenizer

@testable import Harmony

/// What the recorded vectors of the official package do not reach.
@Suite struct OfficialDetailTests {
    private func number(_ lexeme: String) throws -> String? {
        guard case .number(let number) = try JSONValue.parse(lexeme) else { return nil }
        return serdeNumberText(number)
    }

    @Test(
        "numbers are printed as serde_json prints them after reading them",
        arguments: [
            ("0", "0"), ("-0", "-0.0"), ("1", "1"), ("1.0", "1.0"), ("1e15", "1000000000000000.0"), ("1e16", "1e16"),
            ("1e-5", "0.00001"), ("1.5e-6", "1.5e-6"), ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "1.8446744073709552e19"), ("-9223372036854775808", "-9223372036854775808"),
            ("-9223372036854775809", "-9.223372036854776e18"), ("0.1", "0.1"), ("1E+2", "100.0"), ("0e999", "0.0"),
            ("1e-400", "0.0"), ("5e-324", "5e-324"), ("1.7976931348623157e308", "1.7976931348623157e308"),
            ("123456789012345678901234567890", "1.2345678901234568e29"), ("1e99999999999999999999", nil),
            ("1e309", nil),
            ("-1e309", nil),
        ] as [(String, String?)])
    func numbers(lexeme: String, expected: String?) throws {
        #expect(try number(lexeme) == expected)
    }

    @Test("the valid beginning of bytes and the maximal invalid part behind it")
    func validPrefix() {
        func check(_ bytes: [UInt8], _ count: Int, _ rest: UTF8Prefix.Rest) {
            let prefix = UTF8Prefix(bytes)
            #expect(prefix.validCount == count && prefix.rest == rest, "\(bytes)")
        }
        check([], 0, .nothing)
        check(Array("aé日👍".utf8), 10, .nothing)
        check([0x61, 0xF0, 0x9F, 0x91], 1, .incomplete)
        check([0xE6, 0x97, 0x41], 0, .invalid(count: 2))
        check([0xED, 0xA0, 0x80], 0, .invalid(count: 1))
        check([0xC0, 0x80], 0, .invalid(count: 1))
        check([0xF4, 0x90, 0x80, 0x80], 0, .invalid(count: 1))
        check([0x61, 0x80], 1, .invalid(count: 1))
        check([0xF5], 0, .invalid(count: 1))
        var random = SeededGenerator(state: 3)
        let choices: [UInt8] = [0x41, 0x80, 0x90, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xFF]
        for _ in 0..<5000 {
            let bytes = (0..<8).map { _ in choices.randomElement(using: &random) ?? 0 }
            // The standard library replaces maximal parts, too.
            var repaired = ""
            var tail = bytes[...]
            while !tail.isEmpty {
                let prefix = UTF8Prefix(Array(tail))
                repaired += String(decoding: tail.prefix(prefix.validCount), as: UTF8.self)
                tail = tail.dropFirst(prefix.validCount)
                switch prefix.rest {
                case .nothing: break
                case .incomplete:
                    repaired += "\u{FFFD}"
                    tail = []
                case .invalid(let count):
                    repaired += "\u{FFFD}"
                    tail = tail.dropFirst(count)
                }
            }
            #expect(repaired.utf8.elementsEqual(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
        }
    }

    @Test("Rust's quoting of strings")
    func debugText() {
        let expected = #""a\"\\\n\t\u{b}\u{a0}é'\u{301}\0""#
        #expect(rustDebugText("a\"\\\n\t\u{b}\u{a0}é'\u{301}\0") == expected)
    }

    @Test("lines that the package's interface refuses")
    func refusedLines() throws {
        let lines = HarmonyLines(try HarmonyEncoding(tokenizer: .o200kHarmony()))
        func kind(_ answer: JSONValue) -> String? { answer["error"]?["type"]?.stringValue }
        let empty: JSONValue = ["messages": []]
        #expect(kind(lines.render(line: ["conversation": empty, "next_role": "Assistant"])) == "ValueError")
        #expect(kind(lines.render(line: ["conversation": empty, "fn": "x"])) == "ValueError")
        #expect(kind(lines.render(line: [])) == "ValueError")
        let nameless: JSONValue = ["messages": [["role": "tool", "content": ""]]]
        #expect(kind(lines.render(line: ["conversation": nameless])) == "HarmonyError")
        #expect(kind(lines.render(line: ["conversation": nameless, "fn": "training"])) == "RuntimeError")
        #expect(kind(lines.parse(line: ["tokens": [1], "role": "x"])) == "ValueError")
        #expect(kind(lines.parse(line: ["tokens": [-1]])) == "OverflowError")
        #expect(kind(lines.parse(line: ["tokens": [1.5]])) == "ValueError")
        #expect(kind(lines.parse(line: ["tokens": [1], "strict": 1])) == "ValueError")
        #expect(
            lines.parse(bytes: Array("{".utf8)).starts(with: Array(#"{"ok":false,"error":{"type":"ValueError""#.utf8)))
    }

    @Test("a lenient parser says what in a header cannot be decoded")
    func undecodableHeader() throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        func byteToken(_ byte: UInt8) -> JSONValue {
            JSONValue(Int((0..<256).first { encoding.tokenizer.bytes(of: $0) == [byte] } ?? 0))
        }
        func message(_ tokens: [JSONValue]) -> String? {
            let line: JSONValue = ["role": "user", "strict": false, "tokens": .array(tokens + [200_002])]
            return HarmonyLines(encoding).parse(line: line)["error"]?["message"]?.stringValue
        }
        let prefix = "Could not decode tokens: "
        #expect(message([201_089]) == prefix + "Invalid token error: Invalid token for decoding: 201089")
        let utf8 = prefix + "Invalid utf-8 sequence: "
        #expect(
            message([0x61, 0xE6, 0x97, 0x41].map(byteToken)) == utf8 + "invalid utf-8 sequence of 2 bytes from index 1")
        #expect(message([0x61, 0xE6].map(byteToken)) == utf8 + "incomplete utf-8 byte sequence from index 1")
    }

    @Test("messages may be nested 127 deep, and what stands beside them as deep as JSON allows")
    func nesting() throws {
        let lines = HarmonyLines(try HarmonyEncoding(tokenizer: .o200kHarmony()))
        func answer(levels: Int, beside: Bool) throws -> JSONValue {
            let nest = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
            let text =
                beside ? #"{"messages":[],"x":\#(nest)}"# : #"{"messages":[{"role":"user","content":"","x":\#(nest)}]}"#
            return lines.render(line: ["conversation": try JSONValue.parse(text)])
        }
        #expect(try answer(levels: 124, beside: false)["ids"] != nil)
        #expect(try answer(levels: 125, beside: false)["error"]?["type"] == "ValueError")
        #expect(try answer(levels: 400, beside: true)["ids"] != nil)
    }

    @Test("mutated lines are answered, whatever they hold")
    func mutatedLines() throws {
        let lines = HarmonyLines(try HarmonyEncoding(tokenizer: .o200kHarmony()))
        let render = try fixtureLines("harmony/render.jsonl").filter { $0.count < 3000 }
        let parse = try fixtureLines("harmony/parse.jsonl").filter { $0.count < 2000 }
        var random = SeededGenerator(state: 11)
        for round in 0..<3000 {
            var bytes = (round % 2 == 0 ? render : parse).randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place..<min(bytes.count - 1, place + 9))
                default: bytes.insert(contentsOf: Array("null,[{\"0".utf8).shuffled(using: &random), at: place)
                }
            }
            let answer = try JSONValue.parse(round % 2 == 0 ? lines.render(bytes: bytes) : lines.parse(bytes: bytes))
            #expect(answer["ids"] != nil || answer["messages"] != nil || answer["error"]?["message"] != nil)
        }
    }

    @Test("tokens from arbitrary bytes are parsed to the end")
    func arbitraryTokens() throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        var random = SeededGenerator(state: 13)
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(HarmonyStreamParser.parse(fuzz: bytes, encoding: encoding) >= 0)
        }
        // Floods of markers, and a header that never ends.
        for marker in [encoding.channel, encoding.constrain, encoding.start, encoding.end, 200_100] {
            let turn = ParsedTurn([Int32](repeating: marker, count: 20_000), encoding)
            #expect(turn.parser.tokenCounts.total == 20_000)
        }
        let header = [encoding.channel, encoding.constrain, 29]
        let turn = ParsedTurn((0..<20_000).map { header[$0 % 3] }, encoding)
        #expect(turn.parser.tokenCounts.total == 20_000)
    }
}
