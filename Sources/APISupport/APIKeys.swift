/// The keys that may use the server.
public struct APIKeys: Sendable {
    private let keys: [[UInt8]]

    /// - Parameter keys: accepted keys; none means that no key is needed.
    public init(_ keys: [String]) {
        self.keys = keys.map { Array($0.utf8) }
    }

    /// Whether a request must carry a key.
    public var areRequired: Bool { !keys.isEmpty }

    /// Whether a request with this `Authorization` header (or `x-api-key`, as some clients send) may pass.
    ///
    /// Every key is compared with every byte of the offer, so that the time taken tells nothing about the keys but their
    /// number and the offer's length.
    public func accept(authorization: String?, apiKey: String? = nil) -> Bool {
        guard areRequired else { return true }
        guard let offer = bearerToken(authorization) ?? apiKey.map({ Array($0.utf8) }) else { return false }
        var isAccepted = false
        for key in keys where equalsInConstantTime(key, offer) { isAccepted = true }
        return isAccepted
    }

    private func bearerToken(_ header: String?) -> [UInt8]? {
        guard let header else { return nil }
        let bytes = Array(header.utf8)
        let scheme = Array("bearer ".utf8)
        guard bytes.count > scheme.count, zip(bytes, scheme).allSatisfy({ $0 | 0x20 == $1 }) else { return nil }
        return Array(bytes[scheme.count...].drop { $0 == 0x20 })
    }
}

/// Whether two byte strings are equal, in a time that depends only on the second's length.
func equalsInConstantTime(_ secret: [UInt8], _ offer: [UInt8]) -> Bool {
    var difference: UInt8 = secret.count == offer.count ? 0 : 1
    for (index, byte) in offer.enumerated() {
        difference |= byte ^ (secret.isEmpty ? 0xFF : secret[index % secret.count])
    }
    return difference == 0
}
