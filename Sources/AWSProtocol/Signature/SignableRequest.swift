/// The parts of an HTTP request that a signature covers, as they are on the wire.
public struct SignableRequest: Sendable {
    /// The method, in capitals.
    public var method: String
    /// The request target as it is on the wire: `path?query`, percent-encoded, never normalised.
    public var target: String
    /// All header fields in their order, `host` among them; names in any case.
    public var headers: [(name: String, value: String)]

    /// Makes a request from its parts.
    public init(method: String, target: String, headers: [(name: String, value: String)]) {
        self.method = method
        self.target = target
        self.headers = headers
    }

    /// The values of a header field joined by commas; nil if there is none. `name` is in lower case.
    public func header(_ name: String) -> String? {
        let name = Array(name.utf8)
        let values = headers.filter { Self.lowercased($0.name).elementsEqual(name) }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ",")
    }

    /// The target before its first `?`.
    public var path: String {
        String(decoding: target.utf8.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// The target after its first `?`; empty if it has none.
    public var query: String {
        String(decoding: target.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst(), as: UTF8.self)
    }

    /// The fields of the query in their order, still percent-encoded; a name without `=` has an empty value.
    var queryFields: [(name: [UInt8], value: [UInt8])] {
        query.utf8.split(separator: UInt8(ascii: "&")).map { field in
            let name = field.prefix { $0 != UInt8(ascii: "=") }
            return (Array(name), Array(field.dropFirst(name.count + 1)))
        }
    }

    /// The first value of a field of the query, decoded; nil if there is none.
    func queryValue(_ name: String) -> String? {
        queryFields.first { PercentEncoding.decode($0.name).elementsEqual(name.utf8) }
            .map { String(decoding: PercentEncoding.decode($0.value), as: UTF8.self) }
    }

    /// A header name's bytes with ASCII capitals lowered.
    static func lowercased(_ name: String) -> [UInt8] {
        name.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }
}
