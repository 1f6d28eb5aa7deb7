/// How far bytes are valid UTF-8, and what is behind.
struct UTF8Prefix {
    /// What stands behind the valid bytes.
    enum Rest: Equatable {
        /// Nothing.
        case nothing
        /// The beginning of a scalar that more bytes may complete.
        case incomplete
        /// A sequence that nothing can complete, of this many bytes (a maximal subpart; Unicode 16, section 3.9).
        case invalid(count: Int)
    }

    /// Number of valid bytes at the beginning.
    let validCount: Int
    /// What follows them.
    let rest: Rest

    init(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let lead = bytes[offset]
            let length = UTF8Prefix.length(lead: lead)
            var found = length == 0 ? 0 : 1
            while found > 0, found < length, offset + found < bytes.count,
                UTF8Prefix.continues(bytes[offset + found], lead: lead, index: found)
            { found += 1 }
            if found < length || length == 0 {
                validCount = offset
                rest = length > 0 && offset + found == bytes.count ? .incomplete : .invalid(count: max(1, found))
                return
            }
            offset += length
        }
        validCount = offset
        rest = .nothing
    }

    /// Bytes of a scalar by its first one; 0 if none begins so.
    private static func length(lead: UInt8) -> Int {
        switch lead {
        case 0x00...0x7F: 1
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// Whether a byte can stand at an index behind a first one (Unicode 16, table 3-7).
    private static func continues(_ byte: UInt8, lead: UInt8, index: Int) -> Bool {
        guard index == 1 else { return byte & 0xC0 == 0x80 }
        switch lead {
        case 0xE0: return (0xA0...0xBF).contains(byte)
        case 0xED: return (0x80...0x9F).contains(byte)
        case 0xF0: return (0x90...0xBF).contains(byte)
        case 0xF4: return (0x80...0x8F).contains(byte)
        default: return byte & 0xC0 == 0x80
        }
    }
}
