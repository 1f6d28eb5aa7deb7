import JSON
import Testing

@testable import Tokenizer

/// The public face: special tokens, decoding, streaming, lines.
@Suite struct BytePairTokenizerTests {
    let tokenizer: BytePairTokenizer

    init() throws { tokenizer = try .o200kHarmony() }

    @Test("special tokens have the names and ids of o200k_harmony")
    func specialTokens() {
        #expect(tokenizer.vocabularySize == 201_089)
        #expect(tokenizer.specialTokens.count == 1_091)
        #expect(tokenizer.specialToken(named: "<|start|>") == 200_006)
        #expect(tokenizer.specialToken(named: "<|call|>") == 200_012)
        #expect(tokenizer.specialToken(named: "<|reserved_201088|>") == 201_088)
        #expect(tokenizer.specialToken(named: "<|endofprompt|>") == nil)
        #expect(tokenizer.specialToken(named: "<|start") == nil)
        #expect(tokenizer.bytes(of: 200_018) == Array("<|reserved_200018|>".utf8))
        #expect(tokenizer.isSpecial(199_998) && !tokenizer.isSpecial(199_997))
        #expect(!tokenizer.isSpecial(201_089) && !tokenizer.isSpecial(-1))
    }

    @Test("text from outside never becomes a special token")
    func ordinary() {
        let text = "<|start|>system<|message|>x<|end|><|reserved_200013|>"
        #expect(tokenizer.encodeOrdinary(text).allSatisfy { !tokenizer.isSpecial($0) })
        #expect(tokenizer.encode(text, allowedSpecial: .none) == tokenizer.encodeOrdinary(text))
        #expect(tokenizer.encodeOrdinary(utf8: Array(text.utf8)) == tokenizer.encodeOrdinary(text))
    }

    @Test("unknown ids are refused, the first one by number")
    func unknown() {
        #expect(throws: TokenizerError.invalidToken(300_000)) { try tokenizer.decode([24_912, 300_000, -1]) }
        #expect(throws: TokenizerError.invalidToken(-1)) { try tokenizer.decode([-1]) }
        #expect("\(TokenizerError.invalidToken(7))" == "Invalid token for decoding: 7")
        #expect(tokenizer.bytes(of: 201_089) == nil)
    }

    @Test("streamed text is the decoded text, whole scalars at a time")
    func streaming() throws {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<4_000 {
            // One-byte tokens of few kinds make broken sequences of every sort; whole texts make unbroken ones.
            var ids: [Int32] = []
            for _ in 0..<Int.random(in: 0..<12, using: &random) {
                if Int.random(in: 0..<8, using: &random) == 0 {
                    ids.append(Int32.random(in: 0..<200_000, using: &random))
                } else if let byte = [
                    0x41, 0x80, 0x8F, 0x90, 0xA0, 0xBF, 0xC1, 0xC3, 0xE0, 0xE6, 0xED, 0xF0, 0xF1, 0xF4, 0xF5,
                ]
                .randomElement(using: &random) {
                    ids.append(tokenizer.encodeByte(UInt8(byte)))
                }
            }
            var stream = StreamingDetokenizer(tokenizer)
            var parts = ids.map { stream.append($0) }
            parts.append(stream.finish())
            let text = Array(String(decoding: try tokenizer.decode(ids), as: UTF8.self).utf8)
            #expect(parts.flatMap { Array($0.utf8) } == text)
            #expect(parts.dropLast().joined().utf8.count >= text.count - 9)
        }
    }

    @Test("any bytes survive encoding and decoding, repaired where they are not UTF-8")
    func anyBytes() {
        var random = SeededGenerator(seed: 10)
        for _ in 0..<4_000 {
            var bytes = Array(random.text(maximumCount: 30).utf8)
            if Bool.random(using: &random) { bytes += Array("<|end|>x<|start|".utf8) }
            for _ in 0..<Int.random(in: 0..<3, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            #expect(tokenizer.fuzzText(bytes))
        }
    }

    @Test("a scalar in several tokens comes with its last one; unknown ids add nothing")
    func heldBack() {
        var stream = StreamingDetokenizer(tokenizer)
        let ids = Array("😀é".utf8).map(tokenizer.encodeByte)
        #expect(ids.map { stream.append($0) } == ["", "", "", "😀", "", "é"])
        #expect(stream.append(999_999).isEmpty)
        #expect(stream.finish().isEmpty)
        #expect(stream.append(ids[0]).isEmpty)
        #expect(stream.finish() == "\u{FFFD}")
        #expect(stream.finish().isEmpty)
    }

    @Test(
        "lines of the command line tools",
        arguments: [
            (#"{"text":"Hi<|end|>"}"#, #"{"ids":[12194,27,91,419,91,29]}"#),
            (#"{"text":"Hi<|end|>","allowed_special":"all"}"#, #"{"ids":[12194,200007]}"#),
            (#"{"text":"Hi<|end|>","allowed_special":["<|end|>","<|x|>"]}"#, #"{"ids":[12194,200007]}"#),
            (#"{"text":"Hi<|end|>","allowed_special":[]}"#, #"{"ids":[12194,27,91,419,91,29]}"#),
            (#"{"text":"Hi","allowed_special":null}"#, #"{"ids":[12194]}"#),
            (#"{"text":"\ud83d"}"#, #"{"ids":[3251]}"#),
            (#"{"text":""}"#, #"{"ids":[]}"#),
            (#"{"text":3}"#, #"{"error":"expected an object with a string \"text\""}"#),
            ("[]", #"{"error":"expected an object with a string \"text\""}"#),
        ]
    )
    func encodeLines(line: String, expected: String) throws {
        #expect(TokenizerLines(tokenizer).encode(line: try JSONValue.parse(line)).serialized() == expected)
    }

    @Test("lines that are not as they must be give an error", arguments: ["1", "[1]", #""some""#, "{}"])
    func encodeErrors(value: String) throws {
        let line = try JSONValue.parse(#"{"text":"a","allowed_special":\#(value)}"#)
        #expect(TokenizerLines(tokenizer).encode(line: line)["error"] != nil)
    }

    @Test(
        "lines of ids",
        arguments: [
            (#"{"ids":[12194,200007]}"#, #"{"text":"Hi<|end|>","bytes_hex":"48693c7c656e647c3e"}"#),
            (#"{"ids":[]}"#, #"{"text":"","bytes_hex":""}"#),
            (#"{"ids":[4294967295]}"#, #"{"error":"Invalid token for decoding: 4294967295"}"#),
            (#"{"ids":[-1]}"#, #"{"error":"Invalid token for decoding: -1"}"#),
            (#"{"ids":[1.5]}"#, #"{"error":"expected \"ids\" to hold token ids, found 1.5"}"#),
            (#"{"ids":"a"}"#, #"{"error":"expected an object with an array \"ids\""}"#),
        ]
    )
    func decodeLines(line: String, expected: String) throws {
        #expect(TokenizerLines(tokenizer).decode(line: try JSONValue.parse(line)).serialized() == expected)
    }

    @Test("the benchmark measures the text that it makes")
    func benchmark() {
        let text = TokenizerBenchmark.englishLikeText(tokenizer, byteCount: 100_000)
        #expect(text == TokenizerBenchmark.englishLikeText(tokenizer, byteCount: 100_000))
        let result = TokenizerBenchmark(tokenizer, text: text, repetitions: 1)
        #expect(result.byteCount == text.utf8.count && result.byteCount >= 100_000)
        #expect((3.5...6).contains(Double(result.byteCount) / Double(result.tokenCount)))
        #expect(result.encodeMebibytesPerSecond > 0 && result.decodeMebibytesPerSecond > 0)
    }
}

extension BytePairTokenizer {
    /// The token of one byte.
    fileprivate func encodeByte(_ byte: UInt8) -> Int32 {
        (0..<256).first { bytes(of: $0) == [byte] } ?? -1
    }
}
