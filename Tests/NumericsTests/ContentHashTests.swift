import OutcropNumerics
import Testing

@Suite struct ContentHashTests {
    @Test("hashes are those of the published algorithm")
    func known() {
        // From the reference implementation (python-xxhash), seed 0.
        let cases: [(String, UInt64)] = [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
        ]
        for (text, expected) in cases {
            let bytes = Array(text.utf8)
            #expect(ContentHash.of(bytes.span) == expected, "\(text)")
        }
    }

    @Test("every bit counts, at every length")
    func everyBit() {
        for count in 1...70 {
            var bytes = (0..<count).map { UInt8($0 * 3) }
            let hash = ContentHash.of(bytes.span)
            for index in 0..<count {
                bytes[index] ^= 1 << UInt8(index % 8)
                #expect(ContentHash.of(bytes.span) != hash)
                bytes[index] ^= 1 << UInt8(index % 8)
            }
        }
    }
}
