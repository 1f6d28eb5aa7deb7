/// The printable characters that stand for bytes in the files of byte-level tokenizers (GPT-2's `bytes_to_unicode`):
/// printable Latin-1 characters for themselves, the other bytes in order as U+0100 and the following.
enum ByteAlphabet {
    private static let byteOfScalar: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x180)
        var next = 0x100
        for byte in 0..<256 {
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            table[isPrintable ? byte : next] = Int16(byte)
            if !isPrintable { next += 1 }
        }
        return table
    }()

    /// Replaces the UTF-8 text from `start` to the end of `text` by the bytes it stands for. A text with a character
    /// that stands for none is left as it is, and the result is false.
    static func decode(_ text: inout [UInt8], from start: Int) -> Bool {
        let table = byteOfScalar
        var source = start
        var target = start
        // The bytes are fewer than the text: written in place, but only after all of it has been checked.
        while source < text.count {
            let (scalar, length) = scalar(text, source)
            guard scalar < table.count, table[scalar] >= 0 else { return false }
            source += length
        }
        source = start
        while source < text.count {
            let (scalar, length) = scalar(text, source)
            text[target] = UInt8(truncatingIfNeeded: table[scalar])
            source += length
            target += 1
        }
        text.removeLast(text.count - target)
        return true
    }

    /// A scalar below U+0800 and its length in bytes; for others a value that is in no table.
    @inline(__always) private static func scalar(_ text: [UInt8], _ offset: Int) -> (value: Int, length: Int) {
        let lead = text[offset]
        if lead < 0x80 { return (Int(lead), 1) }
        guard lead < 0xE0, offset + 1 < text.count else { return (Int.max, 1) }
        return (Int(lead & 0x1F) << 6 | Int(text[offset + 1] & 0x3F), 2)
    }
}
