import Harmony
import JSON
import Testing
import Tokenizer

/// A vocabulary other than o200k_harmony: bytes only, control tokens with ids of their own.
@Suite struct SmallVocabularyTests {
    private func tokenizer(without missing: String = "") throws -> BytePairTokenizer {
        var vocabulary = JSONObject()
        var next: UInt32 = 256
        for byte in UInt8.min...UInt8.max {
            // Byte-level vocabularies write printable bytes as themselves and the others as scalars from 256 on.
            let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
            let scalar = isPrintable ? Unicode.Scalar(byte) : Unicode.Scalar(next) ?? " "
            if !isPrintable { next += 1 }
            vocabulary[String(scalar)] = JSONValue(Int(byte))
        }
        let names = ["<|return|>", "<|call|>", "<|end|>", "<|start|>", "<|channel|>", "<|message|>", "<|constrain|>"]
        let added: [JSONValue] = names.filter { $0 != missing }.enumerated().map { index, name in
            [
                "id": JSONValue(300 + index), "content": .string(name), "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false,
            ]
        }
        let file: JSONValue = [
            "added_tokens": .array(added),
            "pre_tokenizer": [
                "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true,
            ],
            "decoder": ["type": "ByteLevel"],
            "model": ["type": "BPE", "vocab": .object(vocabulary), "merges": []],
        ]
        return try BytePairTokenizer(tokenizerJSON: file.serializedBytes())
    }

    @Test("a turn is rendered and parsed with its ids")
    func turn() throws {
        let encoding = try HarmonyEncoding(tokenizer: try tokenizer())
        #expect(encoding.start == 303 && encoding.samplingStops == [300, 301] && encoding.endOfText == nil)
        let ids = HarmonyRenderer(encoding).renderPrompt(HarmonyPrompt(messages: [.user("Grüße")]))
        #expect(ids.first == 303 && ids.count > 100)
        let text = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"é\":1}<|call|>"
        let turn = ParsedTurn(encoding.tokenizer.encode(text, allowedSpecial: .all), encoding)
        #expect(turn.messages == ["commentary>functions.f:json|{\"é\":1}"])
        #expect(turn.diagnostics.isEmpty)
        let late = "<|channel|>analysis<|message|>t<|end|> commentary to=functions.f<|message|>{}<|call|>"
        let mended = ParsedTurn(encoding.tokenizer.encode(late, allowedSpecial: .all), encoding)
        #expect(mended.messages == ["analysis|t", "commentary>functions.f|{}"])
    }

    @Test("a vocabulary without a control token is refused by its name")
    func missingToken() throws {
        let tokenizer = try tokenizer(without: "<|constrain|>")
        #expect(throws: HarmonyEncodingError.missingSpecialToken("<|constrain|>")) {
            try HarmonyEncoding(tokenizer: tokenizer)
        }
    }
}
