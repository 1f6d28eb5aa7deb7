/// The class of every Unicode scalar by Unicode 16.0, the version that the vocabularies' own libraries use. The platform's
/// tables are newer and differ.
struct ScalarClasses: Sendable {
    /// Loaded from the binary once.
    static let unicode16 = ScalarClasses(table: BundledData.scalarClasses())

    private static let blockCount = 0x1100

    /// Block numbers of each 256 scalars, then the blocks. The first block holds the first 256 scalars.
    private let table: [UInt8]

    private init(table: [UInt8]) { self.table = table }

    /// The class of a scalar value below 0x110000.
    @inline(__always) func classify(_ scalar: UInt32) -> ScalarClass {
        let block = Int(table[Int(scalar >> 8)])
        return ScalarClass(rawValue: table[ScalarClasses.blockCount + block << 8 + Int(scalar & 0xFF)])
    }

    /// The class of the scalar that begins at `offset` and the offset behind it; the empty class at the end of the text.
    ///
    /// `text` is valid UTF-8 and `offset` is the start of a scalar or the end.
    @inline(__always) func read(_ text: Span<UInt8>, _ offset: Int) -> (class: ScalarClass, next: Int) {
        guard offset < text.count else { return ([], offset) }
        let byte = text[offset]
        if byte < 0x80 {
            return (ScalarClass(rawValue: table[ScalarClasses.blockCount + Int(byte)]), offset + 1)
        }
        return readMultibyte(text, offset, lead: byte)
    }

    @inline(never) private func readMultibyte(
        _ text: Span<UInt8>, _ offset: Int, lead: UInt8
    ) -> (class: ScalarClass, next: Int) {
        func continuation(_ index: Int) -> UInt32 { UInt32(text[offset + index] & 0x3F) }
        if lead < 0xE0 {
            return (classify(UInt32(lead & 0x1F) << 6 | continuation(1)), offset + 2)
        }
        if lead < 0xF0 {
            return (classify(UInt32(lead & 0x0F) << 12 | continuation(1) << 6 | continuation(2)), offset + 3)
        }
        let high = UInt32(lead & 0x07) << 18 | continuation(1) << 12
        return (classify(high | continuation(2) << 6 | continuation(3)), offset + 4)
    }
}
