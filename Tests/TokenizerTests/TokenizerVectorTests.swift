import JSON
import TestSupport
import Testing

@testable import Tokenizer

/// What the official library gave for texts of many kinds.
@Suite struct TokenizerVectorTests {
    let tokenizer: BytePairTokenizer

    init() throws { tokenizer = try .o200kHarmony() }

    @Test("every recorded encoding and decoding is reproduced")
    func vectors() throws {
        var count = 0
        for line in try fixtureLines("tokenizer/tokenizer.jsonl") {
            let vector = try JSONValue.parse(line)
            try check(vector, vector["id"]?.stringValue ?? "")
            count += 1
        }
        #expect(count == 2991)
    }

    private func check(_ vector: JSONValue, _ name: String) throws {
        let ids = try #require(vector["ids"]?.arrayValue).map { try #require($0.intValue) }
        switch vector["op"]?.stringValue {
        case "encode_ordinary":
            let text = try #require(vector["text"]?.stringValue)
            #expect(tokenizer.encodeOrdinary(text).map(Int.init) == ids, "\(name)")
            guard let split = vector["split"]?.arrayValue else { return }
            #expect(pieceLengths(text, O200kScanner()) == split.map(\.intValue), "\(name)")
        case "encode_special":
            let text = try #require(vector["text"]?.stringValue)
            let names = vector["allowed"]?.arrayValue?.compactMap(\.stringValue)
            let allowed: AllowedSpecial = names.map { .only(Set($0)) } ?? .all
            #expect(tokenizer.encode(text, allowedSpecial: allowed).map(Int.init) == ids, "\(name)")
        case "encode_lossy_bytes":
            let bytes = try bytes(hexadecimal: #require(vector["bytes_hex"]?.stringValue))
            #expect(tokenizer.encodeOrdinary(utf8: bytes).map(Int.init) == ids, "\(name)")
        case "encode_utf16":
            let units = try #require(vector["utf16"]?.arrayValue).map { UInt16(try #require($0.intValue)) }
            #expect(tokenizer.encodeOrdinary(utf16: units).map(Int.init) == ids, "\(name)")
        case "decode":
            let bytes = try tokenizer.decode(ids.map(Int32.init))
            #expect(try bytes == self.bytes(hexadecimal: #require(vector["bytes_hex"]?.stringValue)), "\(name)")
            let line = TokenizerLines(tokenizer).decode(line: ["ids": .array(ids.map { JSONValue($0) })])
            #expect(
                line["text"].map { Array(($0.stringValue ?? "").utf8) }
                    == vector["text_lossy"].map { Array(($0.stringValue ?? "").utf8) }, "\(name)")
            #expect(line["bytes_hex"] == vector["bytes_hex"], "\(name)")
        case "decode_error":
            let line = TokenizerLines(tokenizer).decode(line: ["ids": .array(ids.map { JSONValue($0) })])
            #expect(line["error"] == vector["error"], "\(name)")
        default:
            Issue.record("\(name): unknown operation")
        }
    }

    private func bytes(hexadecimal text: String) throws -> [UInt8] {
        let digits = Array(text)
        return try stride(from: 0, to: digits.count, by: 2).map {
            try #require(UInt8(String(digits[$0...($0 + 1)]), radix: 16))
        }
    }
}

/// The lengths in bytes of the pieces that a scanner finds.
func pieceLengths(_ text: String, _ scanner: some PieceScanner) -> [Int] {
    let bytes = Array(text.utf8)
    var lengths: [Int] = []
    var start = 0
    while start < bytes.count {
        let end = scanner.end(of: bytes.span, from: start)
        lengths.append(end - start)
        start = end
    }
    return lengths
}
