/// Names a request in the answer's `x-request-id` header, in logs and in error reports.
public struct RequestIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// The id's text: visible ASCII, at most 128 bytes.
    public let description: String

    /// The client's own id if it sent a usable one, else a new one.
    ///
    /// - Parameter header: the value of the request's `x-request-id` header.
    public init(header: String?) {
        if let header, Self.isUsable(header) {
            description = header
        } else {
            description = "req_" + randomIdentifier(length: 24)
        }
    }

    /// Whether the text can be echoed in a header and a log line without harm.
    private static func isUsable(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

/// Random letters and digits, for identifiers that must not be guessable: about 5.95 bits each, from the system's source.
public func randomIdentifier(length: Int) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    var source = SystemRandomNumberGenerator()
    return String(
        decoding: (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &source)] }, as: UTF8.self)
}
