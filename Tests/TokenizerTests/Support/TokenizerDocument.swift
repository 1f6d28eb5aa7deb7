import JSON

@testable import Tokenizer

/// Writes tokenizer.json files for tests.
struct TokenizerDocument {
    var vocabulary: [(token: [UInt8], id: Int)] = []
    var merges: [([UInt8], [UInt8])] = []
    var mergesAreStrings = false
    var added: [JSONValue] = []
    var preTokenizer = TokenizerDocument.split(TokenizerDocument.o200kPattern)
    var normalizer: JSONValue = .null
    var options: [(String, JSONValue)] = [("type", "BPE"), ("byte_fallback", false), ("dropout", nil)]

    static let o200kPattern = [
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#,
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#,
        #"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
    ].joined(separator: "|")

    /// The 256 bytes and some merges; every merge makes a token.
    init(words: [(String, String)] = []) {
        for byte in 0..<256 { vocabulary.append(([UInt8(byte)], byte)) }
        for (left, right) in words {
            merges.append((Array(left.utf8), Array(right.utf8)))
            vocabulary.append((Array((left + right).utf8), vocabulary.count))
        }
    }

    static func split(_ pattern: String, byteLevel: JSONValue = ["type": "ByteLevel", "use_regex": false]) -> JSONValue
    {
        [
            "type": "Sequence",
            "pretokenizers": [
                ["type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated", "invert": false],
                byteLevel,
            ],
        ]
    }

    static func addedToken(_ id: Int, _ content: String, special: Bool) -> JSONValue {
        ["id": JSONValue(id), "content": .string(content), "special": .bool(special), "lstrip": false]
    }

    /// Bytes in the byte alphabet.
    static func written(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(alphabet[Int(byte)]) }
        return String(text)
    }

    private static let alphabet: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt32(0)..<256).map { byte in
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            if !isPrintable { next += 1 }
            return Unicode.Scalar(isPrintable ? byte : next - 1) ?? "?"
        }
    }()

    var json: JSONValue {
        var model = JSONObject(options)
        model["vocab"] = .object(JSONObject(vocabulary.map { (Self.written($0.token), JSONValue($0.id)) }))
        model["merges"] = .array(
            merges.map {
                let left = Self.written($0.0)
                let right = Self.written($0.1)
                return mergesAreStrings ? .string(left + " " + right) : [.string(left), .string(right)]
            })
        return [
            "version": "1.0", "added_tokens": .array(added), "normalizer": normalizer, "pre_tokenizer": preTokenizer,
            "post_processor": ["type": "ByteLevel"], "decoder": ["type": "ByteLevel"], "model": .object(model),
        ]
    }

    var bytes: [UInt8] { Array(json.serialized().utf8) }
}
