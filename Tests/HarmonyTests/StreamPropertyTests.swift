import Harmony
import Testing
import Tokenizer

/// Properties that hold for any tokens.
@Suite struct StreamPropertyTests {
    /// Ids that are often control tokens, names of channels and other words of headers.
    private func randomTurn(_ encoding: HarmonyEncoding, _ random: inout SeededGenerator) -> [Int32] {
        let controls = [
            encoding.start, encoding.end, encoding.message, encoding.channel, encoding.constrain, encoding.call,
            encoding.returnToken, encoding.endOfText ?? 0,
        ]
        let words = [
            "assistant", "analysis", "commentary", "final", " to=functions.f", " to=", "json", " code", "user", "\n",
            " ",
            "{\"a\":1}", "Hello there.", "??", "functions.f", "to=assistant", "日本", "<|end|>", ":",
        ].map(encoding.tokenizer.encodeOrdinary)
        let last = Int32(encoding.tokenizer.vocabularySize)
        return (0..<Int.random(in: 0...60, using: &random)).flatMap { _ -> [Int32] in
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<5: return [controls.randomElement(using: &random) ?? 0]
            case 5..<9: return words.randomElement(using: &random) ?? []
            case 9: return [Int32.random(in: 0..<256, using: &random)]
            case 10: return [Int32.random(in: 0..<last, using: &random)]
            default: return [Int32.random(in: Int32.min...Int32.max, using: &random)]
            }
        }
    }

    @Test("any ids give messages in order, without control tokens in the text, and every token is counted")
    func totality() throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        var random = SeededGenerator(state: 20_250_805)
        for _ in 0..<5000 {
            let ids = randomTurn(encoding, &random)
            let turn = ParsedTurn(ids, encoding, tools: ["f"])
            #expect(turn.parser.tokenCounts.total == ids.count)
            #expect(isOrdered(turn.events), "\(ids)")
            #expect(turn.messages.first?.hasPrefix("events") != true, "\(ids)")
            // The only "<|" that the text may hold is from the word that spells a control token.
            let text = turn.messages.joined()
            #expect(!text.replacing("<|end|>", with: "").contains("<|"), "\(ids)")
        }
    }

    /// Whether texts and ends belong to the message that has begun.
    private func isOrdered(_ events: [HarmonyEvent]) -> Bool {
        var open: HarmonyHeader?
        for event in events {
            switch event {
            case .messageStart(let header):
                if open != nil { return false }
                open = header
            case .text(let text, let header):
                if open != header || text.isEmpty { return false }
            case .messageEnd(let header, _):
                if open != header { return false }
                open = nil
            case .diagnostic: break
            }
        }
        return open == nil
    }

    @Test("the text behind <|message|> arrives whole, whatever the headers are")
    func conservation() throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        var random = SeededGenerator(state: 7)
        for _ in 0..<3000 {
            let ids = randomTurn(encoding, &random)
            let turn = ParsedTurn(ids, encoding, tools: ["f"])
            let events = turn.events.map { if case .text(let text, _) = $0 { text } else { "" } }.joined()
            #expect(containsInOrder(events, runs(ids, encoding)), "\(ids)")
        }
    }

    /// The decoded ordinary tokens that follow a header's `<|message|>` directly, up to the end of the turn.
    private func runs(_ ids: [Int32], _ encoding: HarmonyEncoding) -> [String] {
        var parser = HarmonyStreamParser(encoding, toolNames: HarmonyToolNames(["f"]))
        var runs: [String] = []
        var run: [UInt8]?
        for id in ids {
            _ = parser.consume(id)
            if id == encoding.message {
                run = parser.currentHeader == nil ? nil : []
            } else if encoding.tokenizer.isSpecial(id) {
                if let run { runs.append(String(decoding: run, as: UTF8.self)) }
                run = nil
            } else if let bytes = encoding.tokenizer.bytes(of: id) {
                run? += bytes
            }
        }
        if let run { runs.append(String(decoding: run, as: UTF8.self)) }
        // A cut scalar at a run's end may be completed behind a control token that is left out.
        return runs.map { String($0.prefix { $0 != "\u{FFFD}" }) }
    }

    private func containsInOrder(_ text: String, _ parts: [String]) -> Bool {
        var tail = Array(text.utf8)[...]
        for part in parts where !part.isEmpty {
            guard let range = tail.firstRange(of: Array(part.utf8)) else { return false }
            tail = tail[range.upperBound...]
        }
        return true
    }

    @Test("sampled ids of a clean turn come back verbatim")
    func sampledTokens() throws {
        let encoding = try HarmonyEncoding(tokenizer: .o200kHarmony())
        let text =
            "<|channel|>analysis<|message|>Think.<|end|><|start|>assistant<|channel|>commentary to=functions.f "
            + "<|constrain|>json<|message|>{}<|call|>"
        let ids = encoding.tokenizer.encode(text, allowedSpecial: .all)
        let author = [encoding.start] + encoding.tokenizer.encodeOrdinary("assistant")
        let messages = ParsedTurn(ids, encoding).parser.messages
        #expect(messages.compactMap(\.sampledTokens).joined(separator: author).elementsEqual(ids))
    }
}
