/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Scalars of a few kinds only, so that classes meet often.
    mutating func text(maximumCount: Int) -> String {
        let pools: [[Unicode.Scalar]] = [
            Array("abcdefgilmorstvz".unicodeScalars), Array("ABDELMRSTV".unicodeScalars),
            Array("0123456789".unicodeScalars),
            Array(" \n\r\t".unicodeScalars), Array("'/!?-_.<|>".unicodeScalars),
            Array("'stdmrevlSTDMREVL\u{17F}".unicodeScalars),
            Array("日本한ا\u{2B0}\u{294}\u{295}".unicodeScalars), Array("\u{301}\u{93E}\u{20DD}".unicodeScalars),
            Array("½Ⅷ²٣".unicodeScalars), Array("\u{A0}\u{3000}\u{85}\u{2028}\u{1C}\u{180E}\u{FEFF}".unicodeScalars),
            Array("éßÉǅǈΣ😀\u{200D}\u{E000}\u{378}".unicodeScalars),
        ]
        let chosen = pools.shuffled(using: &self).prefix(Int.random(in: 1...4, using: &self))
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...maximumCount, using: &self) {
            if Int.random(in: 0..<40, using: &self) == 0 {
                guard let scalar = Unicode.Scalar(UInt32.random(in: 0..<0x110000, using: &self)) else { continue }
                text.append(scalar)
            } else if let scalar = chosen.randomElement(using: &self)?.randomElement(using: &self) {
                text.append(scalar)
            }
        }
        return String(text)
    }
}
