#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How fast one thread turns text into tokens and back.
///
/// Rates are by processor time, so that they hold on a busy machine, too. Nothing else in the process should run.
public struct TokenizerBenchmark: Sendable, Equatable {
    /// Bytes of the text.
    public let byteCount: Int
    /// Its tokens.
    public let tokenCount: Int
    /// Processor time to encode the text once.
    public let encodeSeconds: Double
    /// Processor time to decode the tokens once.
    public let decodeSeconds: Double

    /// MiB of text encoded per second.
    public var encodeMebibytesPerSecond: Double { Double(byteCount) / 1_048_576 / max(encodeSeconds, 1e-9) }
    /// MiB of text decoded per second.
    public var decodeMebibytesPerSecond: Double { Double(byteCount) / 1_048_576 / max(decodeSeconds, 1e-9) }
    /// Tokens encoded per second.
    public var tokensPerSecond: Double { Double(tokenCount) / max(encodeSeconds, 1e-9) }

    /// Encodes and decodes a text several times; the fastest counts.
    public init(_ tokenizer: BytePairTokenizer, text: String, repetitions: Int = 3) {
        var encode = Double.infinity
        var decode = Double.infinity
        var ids: [Int32] = []
        for _ in 0..<max(1, repetitions) {
            let start = processorSeconds()
            ids = tokenizer.encodeOrdinary(text)
            let middle = processorSeconds()
            _ = try? tokenizer.decode(ids)
            encode = min(encode, middle - start)
            decode = min(decode, processorSeconds() - middle)
        }
        byteCount = text.utf8.count
        tokenCount = ids.count
        encodeSeconds = encode
        decodeSeconds = decode
    }

    /// A text as an English one looks to a tokenizer, the same each time: ten thousand words as frequent as Zipf's law
    /// says, one piece in 50 no token, names, numbers, punctuation, paragraphs.
    public static func englishLikeText(_ tokenizer: BytePairTokenizer, byteCount: Int) -> String {
        var words: [[UInt8]] = []
        for id in 0..<Int32(tokenizer.vocabularySize) where words.count < 10_000 {
            guard let word = tokenizer.bytes(of: id), word.count > 1, word.first == UInt8(ascii: " ") else { continue }
            // Short ones are beginnings of words, but for the most frequent.
            if word.count < (words.count < 100 ? 3 : 5) { continue }
            if word.dropFirst().allSatisfy({ $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") }) {
                words.append(word)
            }
        }
        guard !words.isEmpty else { return "" }
        var random = SplitMix(state: 20_250_805)
        var text: [UInt8] = []
        text.reserveCapacity(byteCount + 64)
        while text.count < byteCount {
            // Zipf's law: a word's frequency is inverse to its rank.
            var word = words[Int(pow(Double(words.count), random.unit())) - 1]
            switch random.next() % 100 {
            case 0..<2: word += words[Int(random.next() % UInt64(words.count))].dropFirst()
            case 2..<8 where word.count > 2: word[1] -= 0x20
            case 8..<9: word = Array(" \(random.next() % 3000)".utf8)
            default: break
            }
            text += word
            switch random.next() % 100 {
            case 0..<6: text.append(UInt8(ascii: ","))
            case 6..<10: text.append(UInt8(ascii: "."))
            case 10..<11: text += Array(".\n\n".utf8)
            case 11..<12: text += Array("'s".utf8)
            default: break
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

private func processorSeconds() -> Double { Double(clock()) / 1_000_000 }

/// SplitMix64: small, and the same everywhere (Steele, Lea, Flood 2014).
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Uniform in [0, 1).
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
