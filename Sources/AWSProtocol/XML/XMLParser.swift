/// Parses the XML of S3's bodies to a tree: UTF-8, no document types, the five entities and numeric references.
///
/// Nothing is fetched and nothing expands, so that a document never takes more than in proportion to its bytes.
public struct XMLParser {
    private let bytes: [UInt8]
    private let limits: XMLLimits
    private var index = 0
    private var elementCount = 0
    private var open: [Element] = []

    private struct Element {
        var qualifiedName: [UInt8]
        var text: [UInt8] = []
        var children: [XMLElement] = []
    }

    /// The document's outermost element.
    public static func parse(_ bytes: [UInt8], limits: XMLLimits = XMLLimits()) throws(XMLError) -> XMLElement {
        guard bytes.count <= limits.byteCount else { throw .tooLarge("more than \(limits.byteCount) bytes") }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed(offset: 0, expected: "UTF-8") }
        var parser = XMLParser(bytes: bytes, limits: limits)
        return try parser.document()
    }

    private init(bytes: [UInt8], limits: XMLLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    private mutating func document() throws(XMLError) -> XMLElement {
        skip("\u{FEFF}")
        if looking(at: "<?xml") { try skipPast("?>") }
        try skipBlanks()
        guard skip("<") else { throw expected("an element") }
        var root = try startTag()
        while root == nil { root = try content() }
        try skipBlanks()
        guard let root, index == bytes.count else { throw expected("the end") }
        return root
    }

    /// One piece of what is within the innermost open element; the root when its end tag was read.
    private mutating func content() throws(XMLError) -> XMLElement? {
        guard index < bytes.count else { throw expected("an end tag") }
        guard bytes[index] == UInt8(ascii: "<") else {
            try characters()
            return nil
        }
        if skip("<!--") {
            try skipComment()
        } else if skip("<![CDATA[") {
            let start = index
            try skipPast("]]>")
            open[open.count - 1].text += Self.lines(bytes[start..<index - 3])
        } else if skip("</") {
            return try endTag()
        } else {
            index += 1
            return try startTag()
        }
        return nil
    }

    /// The rest of a start tag; an element without content if it is closed at once and the root.
    private mutating func startTag() throws(XMLError) -> XMLElement? {
        elementCount += 1
        guard elementCount <= limits.elementCount else {
            throw .tooLarge("more than \(limits.elementCount) elements")
        }
        guard open.count < limits.depth else { throw .tooLarge("more than \(limits.depth) elements within each other") }
        open.append(Element(qualifiedName: try name()))
        while true {
            let spaced = skipSpaces()
            if skip(">") { return nil }
            if skip("/>") { return close() }
            guard spaced else { throw expected("a space, > or />") }
            try attribute()
        }
    }

    private mutating func attribute() throws(XMLError) {
        _ = try name()
        skipSpaces()
        guard skip("=") else { throw expected("=") }
        skipSpaces()
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") else {
            throw expected("a quoted value")
        }
        let quote = bytes[index]
        index += 1
        while index < bytes.count, bytes[index] != quote {
            guard bytes[index] != UInt8(ascii: "<") else { throw expected("a value without <") }
            index += 1
        }
        guard index < bytes.count else { throw expected("the end of a quoted value") }
        index += 1
    }

    private mutating func endTag() throws(XMLError) -> XMLElement? {
        let name = try name()
        guard name == open.last?.qualifiedName else { throw expected("the end tag of the innermost element") }
        skipSpaces()
        guard skip(">") else { throw expected(">") }
        return close()
    }

    /// Moves the innermost element to its parent; gives it back if it is the root.
    private mutating func close() -> XMLElement? {
        guard let last = open.popLast() else { return nil }
        let name = last.qualifiedName.split(separator: UInt8(ascii: ":")).last ?? []
        let element = XMLElement(
            name: String(decoding: name, as: UTF8.self), text: String(decoding: last.text, as: UTF8.self),
            children: last.children)
        if open.isEmpty { return element }
        open[open.count - 1].children.append(element)
        return nil
    }

    /// Character data and references up to the next tag.
    private mutating func characters() throws(XMLError) {
        var text: [UInt8] = []
        while index < bytes.count, bytes[index] != UInt8(ascii: "<") {
            if bytes[index] == UInt8(ascii: "&") {
                text += try reference()
                continue
            }
            let start = index
            while index < bytes.count, bytes[index] != UInt8(ascii: "<"), bytes[index] != UInt8(ascii: "&") {
                guard bytes[index] >= 0x20 || [0x09, 0x0A, 0x0D].contains(bytes[index]) else {
                    throw expected("no control character")
                }
                index += 1
            }
            text += Self.lines(bytes[start..<index])
        }
        open[open.count - 1].text += text
    }

    /// What `&…;` stands for.
    private mutating func reference() throws(XMLError) -> [UInt8] {
        let entities: [(String, UInt8)] = [
            ("&lt;", UInt8(ascii: "<")), ("&gt;", UInt8(ascii: ">")), ("&amp;", UInt8(ascii: "&")),
            ("&quot;", UInt8(ascii: "\"")), ("&apos;", UInt8(ascii: "'")),
        ]
        for (entity, character) in entities where skip(entity) { return [character] }
        let radix = skip("&#x") ? 16 : skip("&#") ? 10 : 0
        guard radix > 0 else { throw expected("one of XML's own entities or a numeric reference") }
        let digits = bytes[index...].prefix(8).prefix { $0 != UInt8(ascii: ";") }
        guard let first = digits.first, Hexadecimal.value(first) != nil,
            let number = UInt32(String(decoding: digits, as: UTF8.self), radix: radix), number > 0,
            let scalar = Unicode.Scalar(number)
        else { throw expected("the number of a character") }
        index += digits.count
        guard skip(";") else { throw expected(";") }
        return Array(String(scalar).utf8)
    }

    private mutating func name() throws(XMLError) -> [UInt8] {
        let start = index
        while index < bytes.count, Self.isNamePart(bytes[index]) { index += 1 }
        guard start < index, ![UInt8(ascii: "-"), UInt8(ascii: ".")].contains(bytes[start]),
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[start]), index - start <= 256
        else { throw expected("a name") }
        return Array(bytes[start..<index])
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }

    /// Line ends as XML reads them: CR LF and CR alone are LF.
    private static func lines(_ text: ArraySlice<UInt8>) -> [UInt8] {
        guard text.contains(0x0D) else { return Array(text) }
        var result: [UInt8] = []
        var previous: UInt8 = 0
        for byte in text {
            if !(byte == 0x0A && previous == 0x0D) { result.append(byte == 0x0D ? 0x0A : byte) }
            previous = byte
        }
        return result
    }

    private mutating func skipBlanks() throws(XMLError) {
        skipSpaces()
        while skip("<!--") {
            try skipComment()
            skipSpaces()
        }
    }

    private mutating func skipComment() throws(XMLError) { try skipPast("-->") }

    @discardableResult
    private mutating func skipSpaces() -> Bool {
        let start = index
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
        return index > start
    }

    private func looking(at text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    @discardableResult
    private mutating func skip(_ text: String) -> Bool {
        guard looking(at: text) else { return false }
        index += text.utf8.count
        return true
    }

    private mutating func skipPast(_ text: String) throws(XMLError) {
        let end = Array(text.utf8)
        while index < bytes.count, !bytes[index...].starts(with: end) { index += 1 }
        guard index < bytes.count else { throw expected(text) }
        index += end.count
    }

    private func expected(_ what: String) -> XMLError { .malformed(offset: index, expected: what) }
}
