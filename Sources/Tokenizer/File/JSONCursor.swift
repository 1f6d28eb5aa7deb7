import JSON

/// Walks through a JSON document without building values: a tokenizer.json has half a million strings.
///
/// The document is valid UTF-8, which whoever makes the cursor has checked.
struct JSONCursor {
    private static let depthLimit = 128

    /// The document.
    let bytes: [UInt8]
    /// Where the cursor is.
    private(set) var offset: Int

    init(_ bytes: [UInt8], offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    /// The next byte that is no white space; 0 at the end.
    mutating func peek() -> UInt8 {
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            offset += 1
        }
        return 0
    }

    func failure(_ expected: String) -> TokenizerError {
        .invalidJSON(reason: "expected \(expected)", offset: offset)
    }

    /// Reads a punctuation character.
    mutating func expect(_ byte: Unicode.Scalar) throws(TokenizerError) {
        guard peek() == UInt8(ascii: byte) else { throw failure("\"\(byte)\"") }
        offset += 1
    }

    /// Reads an object; `member` reads each value, with the cursor in front of it.
    mutating func object(
        _ member: (_ key: String, _ cursor: inout JSONCursor) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        var key: [UInt8] = []
        try list("{", "}") { (cursor) throws(TokenizerError) in
            key.removeAll(keepingCapacity: true)
            try cursor.string(into: &key)
            try cursor.expect(":")
            try member(String(decoding: key, as: UTF8.self), &cursor)
        }
    }

    /// Reads an array or object; `element` reads each element.
    @inline(__always) mutating func list(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar,
        _ element: (inout JSONCursor) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        try expect(open)
        if peek() == UInt8(ascii: close) {
            offset += 1
            return
        }
        while true {
            try element(&self)
            if peek() == UInt8(ascii: ",") {
                offset += 1
            } else {
                return try expect(close)
            }
        }
    }

    /// Reads an integer that is not negative and fits.
    mutating func integer() throws(TokenizerError) -> Int {
        _ = peek()
        var value = 0
        var digits = 0
        while offset < bytes.count, bytes[offset] >= UInt8(ascii: "0"), bytes[offset] <= UInt8(ascii: "9") {
            digits += 1
            guard digits < 18 else { throw failure("a smaller number") }
            value = value * 10 + Int(bytes[offset] - UInt8(ascii: "0"))
            offset += 1
        }
        if digits == 0 { throw failure("an integer that is not negative") }
        return value
    }

    /// Reads a string and appends its UTF-8 text.
    mutating func string(into text: inout [UInt8]) throws(TokenizerError) {
        try expect("\"")
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") {
                try escape(into: &text)
            } else if byte >= 0x20 {
                text.append(byte)
            } else {
                throw failure("no control character in a string")
            }
        }
        throw failure("the end of a string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(TokenizerError) {
        guard offset < bytes.count else { throw failure("an escape") }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var units = [try hexadecimalUnit()]
            if UTF16.isLeadSurrogate(units[0]), offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
                bytes[offset + 1] == UInt8(ascii: "u")
            {
                offset += 2
                units.append(try hexadecimalUnit())
            }
            text.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
        default: throw failure("a known escape")
        }
    }

    private mutating func hexadecimalUnit() throws(TokenizerError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard offset < bytes.count, let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw failure("four hexadecimal digits")
            }
            unit = unit << 4 | UInt16(digit)
            offset += 1
        }
        return unit
    }

    /// Skips a value of any kind. It is checked only as far as finding its end needs.
    mutating func skip(depth: Int = 0) throws(TokenizerError) {
        guard depth < Self.depthLimit else { throw failure("no deeper nesting") }
        switch peek() {
        case UInt8(ascii: "{"):
            try object { (_, cursor) throws(TokenizerError) in try cursor.skip(depth: depth + 1) }
        case UInt8(ascii: "["):
            try list("[", "]") { (cursor) throws(TokenizerError) in try cursor.skip(depth: depth + 1) }
        case UInt8(ascii: "\""):
            try skipString()
        default:
            let start = offset
            while offset < bytes.count, isWord(bytes[offset]) { offset += 1 }
            if offset == start { throw failure("a value") }
        }
    }

    private mutating func skipString() throws(TokenizerError) {
        offset += 1
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return }
        }
        offset = bytes.count
        throw failure("the end of a string")
    }

    /// Reads a value of any kind that is not large.
    mutating func value() throws(TokenizerError) -> JSONValue {
        _ = peek()
        let start = offset
        try skip()
        do {
            return try JSONValue.parse(Array(bytes[start..<offset]))
        } catch {
            throw .invalidJSON(reason: error.reason, offset: start + error.offset)
        }
    }
}

/// Whether a byte may be in a number, `true`, `false` or `null`.
private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "E"),
        UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
    default: false
    }
}
