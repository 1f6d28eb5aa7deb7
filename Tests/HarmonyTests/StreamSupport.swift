import Harmony
import Tokenizer

/// A whole turn, parsed.
struct ParsedTurn {
    var events: [HarmonyEvent] = []
    var parser: HarmonyStreamParser

    /// - Parameter text: what the model writes, with control tokens by name.
    init(_ text: String, tools: [String] = []) throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        self.init(encoding.tokenizer.encode(text, allowedSpecial: .all), encoding, tools: tools)
    }

    init(_ ids: [Int32], _ encoding: HarmonyEncoding, tools: [String] = []) {
        parser = HarmonyStreamParser(encoding, toolNames: HarmonyToolNames(tools))
        for id in ids { events += parser.consume(id) }
        events += parser.finish()
    }

    /// The messages as `channel[>recipient][:type]|text`, after checking that the events say the same.
    var messages: [String] {
        var texts: [String] = []
        for event in events {
            switch event {
            case .messageStart(let header): texts.append(label(header) + "|")
            case .text(let text, _): texts[texts.count - 1] += text
            case .messageEnd, .diagnostic: break
            }
        }
        let stored = parser.messages.map { message in
            var label = message.channel ?? ""
            if let recipient = message.recipient { label += ">" + recipient }
            if let type = message.contentType { label += ":" + (type.split(separator: ">").last ?? "") }
            return label + "|" + message.text
        }
        return stored == texts ? texts : ["events \(texts) differ from messages \(stored)"]
    }

    private func label(_ header: HarmonyHeader) -> String {
        header.channel.rawValue + (header.recipient.map { ">" + $0 } ?? "")
            + (header.contentType.map { ":" + $0 } ?? "")
    }

    var diagnostics: [HarmonyDiagnostic] {
        events.compactMap { if case .diagnostic(let diagnostic) = $0 { diagnostic } else { nil } }
    }
}

/// SplitMix64, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
