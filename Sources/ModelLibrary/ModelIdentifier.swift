/// Twelve digits of base 36 that name one import for ever: a model imported again under the same name is another one.
public enum ModelIdentifier {
    private static let count: UInt64 = 4_738_381_338_321_616_896  // 36^12

    /// A new one, from the system's random source.
    public static func random() -> String { text(UInt64.random(in: 0..<count)) }

    /// The id of a model that was given none: always the same for the same name.
    ///
    /// FNV-1a over the name's bytes, stirred by the finaliser of SplitMix64 so that names that differ in one letter differ in
    /// every digit; its value modulo 36^12, most significant digit first.
    public static func derived(from name: String) -> String {
        var hash = name.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        hash ^= hash >> 31
        return text(hash % count)
    }

    /// Whether a text is one.
    public static func isValid(_ text: String) -> Bool {
        text.utf8.count == 12
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }

    private static func text(_ number: UInt64) -> String {
        let digits = String(number, radix: 36)
        return String(repeating: "0", count: 12 - digits.utf8.count) + digits
    }
}
