import Foundation
import JSON
import TestSupport
import Testing

@testable import Tokenizer

/// Reading tokenizer.json.
@Suite struct TokenizerFileTests {
    private func load(_ document: TokenizerDocument) throws -> BytePairTokenizer {
        try BytePairTokenizer(tokenizerJSON: document.bytes)
    }

    @Test("the demo model's file gives what Hugging Face's tokenizers gives")
    func demo() throws {
        let tokenizer = try BytePairTokenizer(
            tokenizerJSON: [UInt8](Data(contentsOf: demoFile("model/tokenizer.json"))))
        let cases = try lines(of: demoFile("tokenizer_cases.jsonl")).map { try JSONValue.parse($0) }
        #expect(cases.count == 200)
        for line in cases {
            let text = try #require(line["text"]?.stringValue)
            #expect(
                tokenizer.encodeOrdinary(text).map(Int.init) == line["ids"]?.arrayValue?.map(\.intValue),
                "\(text.debugDescription)")
        }
    }

    @Test("o200k's merges from a file give what the bundled vocabulary gives")
    func roundTrip() throws {
        let bundled = try BytePairTokenizer.o200kHarmony()
        var document = TokenizerDocument()
        document.vocabulary = []
        for id in 0..<199_998 { document.vocabulary.append((bundled.bytes(of: Int32(id)) ?? [], id)) }
        // Hugging Face's converter writes every pair of tokens that makes a token, in the order of what they make.
        var ids: [[UInt8]: Int] = [:]
        for (token, id) in document.vocabulary { ids[token] = id }
        for (token, _) in document.vocabulary where token.count > 1 {
            var pairs: [(left: Int, right: Int)] = []
            for length in 1..<token.count {
                if let left = ids[Array(token[..<length])], let right = ids[Array(token[length...])] {
                    pairs.append((left, right))
                }
            }
            for pair in pairs.sorted(by: { ($0.left, $0.right) < ($1.left, $1.right) }) {
                document.merges.append((document.vocabulary[pair.left].token, document.vocabulary[pair.right].token))
            }
        }
        #expect(document.merges.count == 446_189)
        document.added = bundled.specialTokens.map {
            TokenizerDocument.addedToken(Int($0.id), $0.name, special: true)
        }
        let tokenizer = try load(document)
        #expect(tokenizer.vocabularySize == 201_089)
        for line in try fixtureLines("tokenizer/tokenizer.jsonl") {
            guard let text = try JSONValue.parse(line)["text"]?.stringValue else { continue }
            #expect(tokenizer.encodeOrdinary(text) == bundled.encodeOrdinary(text))
        }
        let text = "<|start|>user<|message|>Hi<|end|>"
        #expect(tokenizer.encode(text, allowedSpecial: .all) == bundled.encode(text, allowedSpecial: .all))
    }

    @Test("merges apply in the order of the list, whatever the ids", arguments: [false, true])
    func order(asStrings: Bool) throws {
        var document = TokenizerDocument(words: [("b", "c"), ("a", "b"), ("ab", "c")])
        document.mergesAreStrings = asStrings
        document.vocabulary[257].id = 700
        let tokenizer = try load(document)
        #expect(tokenizer.encodeOrdinary("abd") == [700, 100])
        #expect(tokenizer.encodeOrdinary("xabcd") == [120, 97, 256, 100])
        #expect(tokenizer.vocabularySize == 701)
        #expect(tokenizer.bytes(of: 699) == nil)
    }

    @Test("a whole piece is its token only if merges are ignored or make it")
    func ignoreMerges() throws {
        var document = TokenizerDocument(words: [("b", "c"), ("a", "b"), ("ab", "c")])
        #expect(try load(document).encodeOrdinary("abc") == [97, 256])
        document.options.append(("ignore_merges", true))
        #expect(try load(document).encodeOrdinary("abc") == [258])
    }

    @Test("added tokens: special ones only when allowed, others always, control tokens never by accident")
    func addedTokens() throws {
        var document = TokenizerDocument()
        document.added = [
            TokenizerDocument.addedToken(300, "<|end|>", special: false),
            TokenizerDocument.addedToken(301, "<pad>", special: true),
            TokenizerDocument.addedToken(302, "    ", special: false),
            TokenizerDocument.addedToken(303, "<pad>é", special: true),
        ]
        let tokenizer = try load(document)
        #expect(tokenizer.encodeOrdinary("a    b") == [97, 302, 98])
        #expect(tokenizer.encodeOrdinary("<|end|>") == Array("<|end|>".utf8).map(Int32.init))
        #expect(tokenizer.encode("<|end|><pad><pad>é", allowedSpecial: .all) == [300, 301, 303])
        #expect(tokenizer.encode("<|end|>é", allowedSpecial: .only(["<|end|>", "none"])) == [300, 0xC3, 0xA9])
        #expect(tokenizer.specialTokens.map(\.id) == [300, 301, 303])
        #expect(try tokenizer.decode([303, 302]) == Array("<pad>é    ".utf8))
        #expect(tokenizer.isSpecial(300) && !tokenizer.isSpecial(302) && !tokenizer.isSpecial(-1))
    }

    @Test("a token outside the byte alphabet is decoded as it is written")
    func foreignToken() throws {
        var document = TokenizerDocument()
        document.added = []
        let text = document.json.serialized().replacing(
            "\"vocab\":{", with: "\"vocab\":{\"日\\u65e5\\ud83d\\ude00\":400,")
        let tokenizer = try BytePairTokenizer(tokenizerJSON: Array(text.utf8))
        #expect(try tokenizer.decode([400]) == Array("日日😀".utf8))
        #expect(tokenizer.encodeOrdinary("日日😀").count == 10)
    }

    @Test("what the tokenizer cannot do is refused by name")
    func refusals() throws {
        func refused(_ path: String, _ change: (inout TokenizerDocument) -> Void) {
            var document = TokenizerDocument(words: [("a", "b")])
            change(&document)
            do {
                _ = try load(document)
                Issue.record("\(path) was accepted")
            } catch let error as TokenizerError {
                switch error {
                case .malformed(let found, _, _), .unsupported(let found, _, _): #expect(found.hasPrefix(path))
                default: Issue.record("\(path): \(error)")
                }
            } catch {
                Issue.record("\(path): \(error)")
            }
        }
        refused("normalizer") { $0.normalizer = ["type": "NFC"] }
        refused("pre_tokenizer: Split.pattern") { $0.preTokenizer = TokenizerDocument.split(#"\w+"#) }
        refused("pre_tokenizer: Split.pattern") {
            $0.preTokenizer = [
                "type": "Sequence",
                "pretokenizers": [
                    ["type": "Split", "behavior": "Isolated"], ["type": "ByteLevel", "use_regex": false],
                ],
            ]
        }
        refused("pre_tokenizer") { $0.preTokenizer = ["type": "Whitespace"] }
        refused("pre_tokenizer") { $0.preTokenizer = nil }
        refused("pre_tokenizer.pretokenizers") { $0.preTokenizer = ["type": "Sequence", "pretokenizers": []] }
        refused("pre_tokenizer: ByteLevel") { $0.preTokenizer = ["type": "ByteLevel", "add_prefix_space": true] }
        refused("model.type") { $0.options = [("type", "Unigram")] }
        refused("model.byte_fallback") { $0.options = [("byte_fallback", true)] }
        refused("model.end_of_word_suffix") { $0.options = [("end_of_word_suffix", "</w>")] }
        refused("model.vocab") { $0.vocabulary.removeFirst() }
        refused("model.vocab") { $0.vocabulary[3].id = 4 }
        refused("model.vocab") { $0.vocabulary[3].id = 1 << 40 }
        refused("model.merges[1]") { $0.merges.append((Array("zz".utf8), Array("q".utf8))) }
        refused("added_tokens") { $0.added = [TokenizerDocument.addedToken(5, "x", special: true)] }
        refused("added_tokens") { $0.added = [TokenizerDocument.addedToken(-5, "x", special: true)] }
        refused("added_tokens") { $0.added = [["content": "x"]] }
        refused("added_tokens: x: lstrip") { $0.added = [["id": 400, "content": "x", "lstrip": true]] }
    }

    @Test("GPT-2's and cl100k's files load with their patterns")
    func patterns() throws {
        var document = TokenizerDocument()
        document.preTokenizer = ["type": "ByteLevel", "add_prefix_space": false]
        document.options.append(("ignore_merges", true))
        document.vocabulary += [(Array("12345".utf8), 256), (Array("123".utf8), 257), (Array("'s".utf8), 258)]
        #expect(try load(document).encodeOrdinary("12345's") == [256, 258])
        let cl100k =
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        document.preTokenizer = TokenizerDocument.split(cl100k)
        #expect(try load(document).encodeOrdinary("12345's") == [257, 52, 53, 258])
        document.preTokenizer = TokenizerDocument.split(cl100k.replacing("{1,3}", with: ""))
        #expect(try load(document).encodeOrdinary("123") == [49, 50, 51])
    }

    @Test("damaged files are refused and never trap")
    func mutations() throws {
        var document = TokenizerDocument(words: [("a", "b"), ("ab", "c"), (" ", "a")])
        document.added = [TokenizerDocument.addedToken(300, "<|end|>", special: true)]
        let intact = document.bytes
        var random = SeededGenerator(seed: 8)
        for _ in 0..<4_000 {
            var bytes = intact
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[place] = Array("{}[]\",:\\0".utf8).randomElement(using: &random) ?? 0
                case 2: bytes.remove(at: place)
                case 3: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: place)
                default: bytes.removeLast(bytes.count - max(1, place))
                }
            }
            BytePairTokenizer.fuzzFile(bytes)
        }
        for length in 0..<200 { BytePairTokenizer.fuzzFile(Array(intact.suffix(length))) }
        BytePairTokenizer.fuzzFile(Array(repeating: UInt8(ascii: "["), count: 100_000))
        BytePairTokenizer.fuzzFile(Array("{\"a\":".utf8) + Array(repeating: UInt8(ascii: "["), count: 100_000))
    }
}
