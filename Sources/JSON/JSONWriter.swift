/// Appends JSON to bytes: for whole values, and for hot paths that write an answer piece by piece.
public struct JSONWriter: Sendable {
    /// What is written so far.
    public private(set) var bytes: [UInt8] = []

    /// Nothing written.
    public init() {}

    /// Appends text as it is: punctuation, keys known to need no escapes.
    public mutating func append(raw text: StaticString) {
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends bytes as they are.
    public mutating func append(raw other: [UInt8]) { bytes.append(contentsOf: other) }

    /// Appends an integer.
    public mutating func append(_ value: Int) { bytes.append(contentsOf: String(value).utf8) }

    /// Appends a string in quotes, with the escapes that serde_json writes: `\" \\ \b \f \n \r \t \u00XX`, nothing
    /// else.
    public mutating func append(string text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x20...: bytes.append(byte)
            default: appendEscape(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(_ control: UInt8) {
        switch control {
        case 0x08: append(raw: "\\b")
        case 0x09: append(raw: "\\t")
        case 0x0A: append(raw: "\\n")
        case 0x0C: append(raw: "\\f")
        case 0x0D: append(raw: "\\r")
        default:
            let digits = Array("0123456789abcdef".utf8)
            append(raw: "\\u00")
            bytes.append(digits[Int(control >> 4)])
            bytes.append(digits[Int(control & 15)])
        }
    }

    /// Appends a value in compact form.
    public mutating func append(_ value: JSONValue) { append(value, indent: nil) }

    /// - Parameter indent: spaces before the value's own lines; nil for one line without spaces.
    mutating func append(_ value: JSONValue, indent: Int?) {
        switch value {
        case .null: append(raw: "null")
        case .bool(let flag): append(raw: flag ? "true" : "false")
        case .number(let number): bytes.append(contentsOf: number.lexeme.utf8)
        case .string(let text): append(string: text)
        case .array(let elements):
            list(elements, open: "[", close: "]", indent: indent) { writer, element, inner in
                writer.append(element, indent: inner)
            }
        case .object(let object):
            list(object.entries, open: "{", close: "}", indent: indent) { writer, entry, inner in
                writer.append(string: entry.key)
                writer.append(raw: inner == nil ? ":" : ": ")
                writer.append(entry.value, indent: inner)
            }
        }
    }

    /// Appends an array of elements that a closure writes.
    public mutating func append<Element>(list elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        append(raw: "[")
        for (index, element) in elements.enumerated() {
            if index > 0 { append(raw: ",") }
            write(&self, element)
        }
        append(raw: "]")
    }

    /// Appends a string or `null`.
    public mutating func append(optional text: String?) {
        if let text { append(string: text) } else { append(raw: "null") }
    }

    private mutating func list<Element>(
        _ elements: [Element], open: StaticString, close: StaticString, indent: Int?,
        _ write: (inout JSONWriter, Element, Int?) -> Void
    ) {
        append(raw: open)
        let inner = indent.map { $0 + 2 }
        for (index, element) in elements.enumerated() {
            if index > 0 { append(raw: ",") }
            newLine(inner)
            write(&self, element, inner)
        }
        if !elements.isEmpty { newLine(indent) }
        append(raw: close)
    }

    private mutating func newLine(_ indent: Int?) {
        guard let indent else { return }
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: indent))
    }
}

extension JSONValue {
    /// The value as text: compact, or indented by two spaces.
    public func serialized(pretty: Bool = false) -> String {
        String(decoding: serializedBytes(pretty: pretty), as: UTF8.self)
    }

    /// The value as UTF-8.
    public func serializedBytes(pretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter()
        writer.append(self, indent: pretty ? 0 : nil)
        return writer.bytes
    }
}
