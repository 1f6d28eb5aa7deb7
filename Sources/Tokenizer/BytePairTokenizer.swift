/// Byte-level byte-pair encoding: text to token ids and back, exactly as the vocabularies' own libraries do it.
///
/// Immutable; any number of threads may use one at the same time. It knows nothing of conversations: the chat template,
/// beginning-of-text tokens and the like are for whoever calls it.
public final class BytePairTokenizer: Sendable {
    /// A special token's name and id.
    public typealias SpecialToken = (name: String, id: Int32)

    /// Highest id + 1. Not every id below need have a token.
    public let vocabularySize: Int
    /// The special tokens in the order of their ids.
    public let specialTokens: [SpecialToken]

    private let pattern: SplitPattern
    private let tables: EncodingTables
    private let tokens: TokenBytes
    private let special: TokenTrie
    /// Added tokens that are not special: always recognised in text.
    private let plain: TokenTrie
    /// Both.
    private let added: TokenTrie
    private let isSpecial: [Bool]

    init(_ vocabulary: Vocabulary) {
        tokens = vocabulary.tokens
        pattern = vocabulary.pattern
        vocabularySize = tokens.count
        var special = TokenTrie()
        var plain = TokenTrie()
        var added = TokenTrie()
        var isAdded = [Bool](repeating: false, count: tokens.count)
        var isSpecial = isAdded
        var names: [SpecialToken] = []
        for token in vocabulary.added.sorted(by: { $0.id < $1.id }) {
            let bytes = tokens.bytes[tokens.range(of: token.id)]
            added.insert(bytes, token: token.id)
            isAdded[Int(token.id)] = true
            guard token.isSpecial else {
                plain.insert(bytes, token: token.id)
                continue
            }
            special.insert(bytes, token: token.id)
            isSpecial[Int(token.id)] = true
            names.append((String(decoding: bytes, as: UTF8.self), token.id))
        }
        self.special = special
        self.plain = plain
        self.added = added
        self.isSpecial = isSpecial
        specialTokens = names
        tables = EncodingTables(
            pieces: PieceTable(tokens: tokens) { !isAdded[Int($0)] && vocabulary.isWholePiece[Int($0)] },
            merges: vocabulary.merges,
            byteTokens: vocabulary.byteTokens
        )
    }

    /// The bytes of a token; nil if no token has this id.
    public func bytes(of id: Int32) -> [UInt8]? {
        let range = tokens.range(of: id)
        return range.isEmpty ? nil : Array(tokens.bytes[range])
    }

    /// The id of the special token with this name, compared by UTF-8 bytes.
    public func specialToken(named name: String) -> Int32? { special.token(name.utf8) }

    /// Whether an id is that of a special token.
    public func isSpecial(_ id: Int32) -> Bool { isSpecial.indices.contains(Int(id)) && isSpecial[Int(id)] }

    /// The bytes of tokens, one after the other. They need not be valid UTF-8.
    ///
    /// - Throws: `TokenizerError.invalidToken` for the first id that no token has.
    public func decode(_ ids: [Int32]) throws(TokenizerError) -> [UInt8] {
        var output: [UInt8] = []
        for id in ids {
            let range = tokens.range(of: id)
            if range.isEmpty { throw .invalidToken(Int(id)) }
            for index in range { output.append(tokens.bytes[index]) }
        }
        return output
    }
}

extension BytePairTokenizer {
    /// The tokens of text in which nothing is a special token: `<|end|>` is nine bytes like any others.
    public func encodeOrdinary(_ text: String) -> [Int32] {
        encode(text, allowedSpecial: .none)
    }

    /// The tokens of UTF-8 text without special tokens. Bytes that are not valid UTF-8 become U+FFFD, one for each maximal
    /// part of a scalar, as in `String(decoding:as:)`.
    public func encodeOrdinary(utf8 bytes: [UInt8]) -> [Int32] {
        guard (try? UTF8Span(validating: bytes.span)) != nil else {
            return encodeOrdinary(String(decoding: bytes, as: UTF8.self))
        }
        return encode(bytes.span, finding: plain) { _ in true }
    }

    /// The tokens of UTF-16 text without special tokens. Surrogates without their other half become U+FFFD.
    public func encodeOrdinary(utf16 units: [UInt16]) -> [Int32] {
        encodeOrdinary(String(decoding: units, as: UTF16.self))
    }

    /// The tokens of text, in which the names of the allowed special tokens stand for these. The text between is split
    /// into pieces on its own.
    public func encode(_ text: String, allowedSpecial: AllowedSpecial) -> [Int32] {
        let bytes = text.utf8Span.span
        switch allowedSpecial {
        case .none:
            return encode(bytes, finding: plain) { _ in true }
        case .all:
            return encode(bytes, finding: added) { _ in true }
        case .only(let names):
            let allowed = Set(names.compactMap(specialToken(named:)))
            return encode(bytes, finding: added) { [isSpecial] in !isSpecial[Int($0)] || allowed.contains($0) }
        }
    }

    /// Encodes valid UTF-8 and recognises the added tokens of a trie for which `isAllowed` holds.
    private func encode(_ text: Span<UInt8>, finding added: TokenTrie, isAllowed: (Int32) -> Bool) -> [Int32] {
        switch pattern {
        case .o200k: encode(text, O200kScanner(), added, isAllowed)
        case .cl100k(let numberLimit): encode(text, CL100kScanner(numberLimit: numberLimit), added, isAllowed)
        case .gpt2: encode(text, GPT2Scanner(), added, isAllowed)
        }
    }

    @inline(__always) private func encode(
        _ text: Span<UInt8>, _ scanner: some PieceScanner, _ added: TokenTrie, _ isAllowed: (Int32) -> Bool
    ) -> [Int32] {
        var encoder = PieceEncoder(tables: tables)
        encoder.reserve(text.count / 4 + 1)
        var start = 0
        while start < text.count {
            let match = added.firstMatch(text, from: start, isAllowed: isAllowed)
            encoder.append(text.extracting(start..<(match?.range.lowerBound ?? text.count)), scanner: scanner)
            guard let match else { break }
            encoder.append(match.token)
            start = match.range.upperBound
        }
        return encoder.output
    }
}
