import Tokenizer

extension HarmonyStreamParser {
    /// Parses tokens made of arbitrary bytes: small bytes are control tokens, so that they come often, and others
    /// choose ids together with the byte that follows.
    ///
    /// - Returns: the number of events. That this returns at all is what fuzzing is about.
    package static func parse(fuzz bytes: [UInt8], encoding: HarmonyEncoding) -> Int {
        let controls = [
            encoding.start, encoding.end, encoding.message, encoding.channel, encoding.constrain, encoding.call,
            encoding.returnToken, encoding.endOfText ?? -1,
        ]
        var parser = HarmonyStreamParser(encoding, toolNames: HarmonyToolNames(["f", "get weather"]))
        var count = 0
        var index = 0
        while index < bytes.count {
            let byte = Int(bytes[index])
            let next = index + 1 < bytes.count ? Int(bytes[index + 1]) : 0
            index += byte < 64 ? 1 : 2
            let id =
                byte < 64
                ? controls[byte % controls.count]
                : Int32(truncatingIfNeeded: ((byte - 64) << 8 | next) * encoding.tokenizer.vocabularySize / 48_000)
            count += parser.consume(id).count
        }
        return count + parser.finish().count
    }
}
