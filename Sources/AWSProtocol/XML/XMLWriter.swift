/// Writes a document element by element.
///
/// ```swift
/// var writer = XMLWriter()
/// writer.element("ListBucketResult", namespace: XMLWriter.s3) { result in
///     result.element("Name", "weights")
///     result.element("Contents") { $0.element("Key", key) }
/// }
/// ```
public struct XMLWriter: Sendable {
    /// The bytes so far.
    public private(set) var bytes: [UInt8]

    /// The namespace of S3's answers.
    public static let s3 = "http://s3.amazonaws.com/doc/2006-03-01/"

    /// What a document begins with; white space may follow it.
    public static let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

    /// Begins a document, with its declaration unless that has been sent.
    public init(declaration: Bool = true) {
        bytes = declaration ? Array(Self.declaration.utf8) : []
    }

    /// Writes an element that holds others. Names are written as they are.
    public mutating func element(
        _ name: StaticString, namespace: String? = nil, _ content: (inout XMLWriter) throws -> Void
    ) rethrows {
        let name = Array(name.description.utf8)
        bytes += [UInt8(ascii: "<")] + name
        if let namespace {
            bytes += " xmlns=\"".utf8
            escape(namespace)
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: ">"))
        try content(&self)
        bytes += "</".utf8
        bytes += name
        bytes.append(UInt8(ascii: ">"))
    }

    /// Writes an element that holds text.
    public mutating func element(_ name: StaticString, namespace: String? = nil, _ text: String) {
        element(name, namespace: namespace) { $0.escape(text) }
    }

    /// CR becomes a reference, as readers would change it; what XML 1.0 cannot carry in any form becomes U+FFFD, as strict
    /// readers refuse a whole document for it.
    private mutating func escape(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": bytes += "&lt;".utf8
            case ">": bytes += "&gt;".utf8
            case "&": bytes += "&amp;".utf8
            case "\"": bytes += "&quot;".utf8
            case "\r": bytes += "&#xd;".utf8
            case "\t", "\n": bytes.append(UInt8(scalar.value))
            case "\0"..<" ", "\u{FFFE}", "\u{FFFF}": bytes += "\u{FFFD}".utf8
            default: bytes += UTF8.encode(scalar).map(Array.init) ?? []
            }
        }
    }
}
