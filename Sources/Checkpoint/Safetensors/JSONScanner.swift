/// A pull parser for large JSON of which little is wanted: safetensors headers, tokenizer.json.
///
/// It exists beside the JSON module because a header may be hostile and 100 MB long: it keeps no tree, so memory stays
/// in proportion to what is described; it knows the byte offset of everything; and it sees duplicate names.
struct JSONScanner {
    /// Why and where a header is not what it should be.
    struct Failure: Error, Equatable {
        let offset: Int
        let message: String
    }

    private let bytes: [UInt8]
    private let end: Int
    private(set) var offset: Int

    /// Scans `range` of `bytes`.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next byte that is not white space, which stays unread; nil at the end.
    mutating func peek() -> UInt8? {
        while offset < end {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return bytes[offset]
            }
        }
        return nil
    }

    /// Reads one structural byte.
    mutating func expect(_ byte: UInt8) throws(Failure) {
        guard let found = peek() else {
            throw Failure(offset: offset, message: "'\(Character(UnicodeScalar(byte)))' expected, the header ends")
        }
        guard found == byte else {
            throw Failure(
                offset: offset,
                message: "'\(Character(UnicodeScalar(byte)))' expected, found \(Self.describe(found))")
        }
        offset += 1
    }

    /// Reads `byte` if it comes next.
    mutating func accept(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        offset += 1
        return true
    }

    /// Calls `member` for every key of an object; `member` reads the value. `member` gets the key and its offset.
    mutating func object(
        _ member: (inout JSONScanner, String, Int) throws(Failure) -> Void
    ) throws(Failure) {
        try expect(UInt8(ascii: "{"))
        if accept(UInt8(ascii: "}")) { return }
        repeat {
            _ = peek()
            let keyOffset = offset
            let key = try string()
            try expect(UInt8(ascii: ":"))
            try member(&self, key, keyOffset)
        } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// Calls `element` for every element of an array; `element` reads the value.
    mutating func array(_ element: (inout JSONScanner) throws(Failure) -> Void) throws(Failure) {
        try expect(UInt8(ascii: "["))
        if accept(UInt8(ascii: "]")) { return }
        repeat { try element(&self) } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// Reads an array of integers of at most `limit` elements.
    mutating func integers(limit: Int) throws(Failure) -> [Int] {
        try expect(UInt8(ascii: "["))
        var values: [Int] = []
        if accept(UInt8(ascii: "]")) { return values }
        repeat {
            guard values.count < limit else {
                throw Failure(offset: offset, message: "more than \(limit) numbers in a list")
            }
            values.append(try integer())
        } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return values
    }

    /// Reads a whole number from 0 to the largest Int.
    mutating func integer() throws(Failure) -> Int {
        guard let first = peek(), first >= 0x30, first <= 0x39 else {
            throw Failure(offset: offset, message: "a whole number of at least 0 expected")
        }
        let start = offset
        var value = 0
        while offset < end, bytes[offset] >= 0x30, bytes[offset] <= 0x39 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(bytes[offset] - 0x30))
            guard !overflow, !carry else {
                throw Failure(offset: start, message: "the number does not fit in 64 bits")
            }
            value = sum
            offset += 1
        }
        if offset < end, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[offset]) {
            throw Failure(offset: start, message: "a whole number expected, found a fraction or an exponent")
        }
        return value
    }

    /// Reads a string.
    mutating func string() throws(Failure) -> String {
        try expect(UInt8(ascii: "\""))
        let start = offset
        var content: [UInt8] = []
        while offset < end {
            let byte = bytes[offset]
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw Failure(offset: start, message: "a string is not valid UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                offset += 1
                try escape(into: &content)
            case 0..<0x20:
                throw Failure(offset: offset, message: "a control character inside a string")
            default:
                content.append(byte)
                offset += 1
            }
        }
        throw Failure(offset: start, message: "a string that does not end")
    }

    private mutating func escape(into content: inout [UInt8]) throws(Failure) {
        guard offset < end else { throw Failure(offset: offset, message: "a string that does not end") }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var unit = try hexadecimal()
            if unit >> 10 == 0x36, offset + 1 < end, bytes[offset] == UInt8(ascii: "\\"),
                bytes[offset + 1] == UInt8(ascii: "u")
            {
                offset += 2
                let low = try hexadecimal()
                guard low >> 10 == 0x37 else { throw Failure(offset: offset, message: "half a surrogate pair") }
                unit = 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(unit) else {
                throw Failure(offset: offset, message: "half a surrogate pair")
            }
            content.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw Failure(offset: offset - 1, message: "an unknown escape in a string")
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        guard end - offset >= 4 else { throw Failure(offset: offset, message: "a \\u escape that does not end") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(UnicodeScalar(bytes[offset])).hexDigitValue, bytes[offset] < 0x80 else {
                throw Failure(offset: offset, message: "a \\u escape with a character that is no hexadecimal digit")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    /// Skips any value, without recursion however deep it nests.
    mutating func skipValue() throws(Failure) {
        let start = offset
        var closers: [UInt8] = []
        repeat {
            guard let byte = peek() else {
                throw Failure(offset: start, message: "a value that does not end")
            }
            switch byte {
            case UInt8(ascii: "\""): _ = try string()
            case UInt8(ascii: "{"):
                closers.append(UInt8(ascii: "}"))
                offset += 1
            case UInt8(ascii: "["):
                closers.append(UInt8(ascii: "]"))
                offset += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard closers.popLast() == byte else {
                    throw Failure(offset: offset, message: "found \(Self.describe(byte)) where a value belongs")
                }
                offset += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard !closers.isEmpty else {
                    throw Failure(offset: offset, message: "found \(Self.describe(byte)) where a value belongs")
                }
                offset += 1
            default: try skipScalar()
            }
        } while !closers.isEmpty
    }

    private mutating func skipScalar() throws(Failure) {
        let start = offset
        while offset < end {
            switch bytes[offset] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                offset += 1
            default:
                guard offset > start else {
                    throw Failure(
                        offset: offset, message: "found \(Self.describe(bytes[offset])) where a value belongs")
                }
                return
            }
        }
    }

    private static func describe(_ byte: UInt8) -> String {
        byte >= 0x20 && byte < 0x7F
            ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x" + String(byte, radix: 16, uppercase: false)
    }
}
