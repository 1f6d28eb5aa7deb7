/// The scheme, host, port and path of a server's URL.
struct ServerAddress: Sendable, Equatable {
    /// Whether the connection is encrypted.
    var isSecure: Bool
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    var host: String
    /// The port; nil for the scheme's own.
    var port: Int?
    /// What stands before every path, without a slash behind it; usually empty.
    var basePath = ""

    /// The `host` header: the host, and the port when it is not the scheme's own.
    var authority: String { authority(ofHost: host) }

    /// The same for another host at this port.
    func authority(ofHost host: String) -> String {
        guard let port, port != (isSecure ? 443 : 80) else { return host }
        return "\(host):\(port)"
    }

    /// "http" or "https".
    var scheme: String { isSecure ? "https" : "http" }

    /// Whether the host is an address, which cannot have a name before it.
    var isNumeric: Bool {
        host.utf8.first == UInt8(ascii: "[")
            || host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Whether it is one of Amazon's own hosts.
    var isAmazon: Bool {
        let host = Array(host.utf8)
        return ["amazonaws.com", "amazonaws.com.cn"].contains { domain in
            let suffix = Array(".\(domain)".utf8)
            return host.count >= suffix.count && host.suffix(suffix.count) == suffix[...]
        }
    }

    /// Reads a URL.
    /// - Parameters:
    ///   - text: `http://host:port/path`; without a scheme too when `defaultScheme` is given.
    ///   - place: where it stands, for the error.
    /// - Throws: `S3ConfigurationError` when it is none, or holds a user or a query.
    init(_ text: String, defaultScheme: String? = nil, place: String) throws(S3ConfigurationError) {
        func wrong(_ reason: String) -> S3ConfigurationError {
            S3ConfigurationError(place: place, reason: "\(reason); expected a URL such as https://minio.example:9000")
        }
        var rest = Array(text.utf8)[...]
        while let last = rest.last, last == UInt8(ascii: "/") { rest.removeLast() }
        let schemeEnd = Self.firstIndex(of: "://", in: rest)
        guard let scheme = schemeEnd.map({ String(decoding: rest[..<$0], as: UTF8.self).lowercased() }) ?? defaultScheme
        else { throw wrong("no http:// or https:// before the host") }
        guard scheme == "http" || scheme == "https" else { throw wrong("the scheme is neither http nor https") }
        isSecure = scheme == "https"
        if let schemeEnd { rest = rest[(schemeEnd + 3)...] }
        guard rest.allSatisfy({ (0x21...0x7e).contains($0) && !"?#@\\\"<>".utf8.contains($0) }) else {
            throw wrong("a user, a query or a character that a URL's host and path cannot have")
        }
        let pathStart = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        basePath = String(decoding: rest[pathStart...], as: UTF8.self)
        let authority = rest[..<pathStart]
        let bracket = authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
        let colon = authority[bracket...].firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
        host = String(decoding: authority[..<colon], as: UTF8.self).lowercased()
        guard !host.isEmpty else { throw wrong("no host") }
        if colon < authority.endIndex {
            let digits = String(decoding: authority[(colon + 1)...], as: UTF8.self)
            guard let number = Int(digits), (1...65535).contains(number) else {
                throw wrong("the port is not one of 1 to 65535")
            }
            port = number
        }
    }

    /// An address whose parts are known to be good.
    init(host: String) {
        isSecure = true
        self.host = host
    }

    private static func firstIndex(of text: String, in bytes: ArraySlice<UInt8>) -> Int? {
        let wanted = Array(text.utf8)
        guard bytes.count >= wanted.count else { return nil }
        return (bytes.startIndex...bytes.endIndex - wanted.count).first { bytes[$0..<$0 + wanted.count] == wanted[...] }
    }
}
