import Crypto

/// The key of one secret for one day, region and service: what signs requests and chunks.
public struct SigningKey: Sendable {
    private let key: SymmetricKey

    /// Derives the key; `date` is `yyyyMMdd`.
    public init(secret: String, date: String, region: String, service: String) {
        var key = SymmetricKey(data: Array("AWS4".utf8) + Array(secret.utf8))
        for part in [date, region, service, "aws4_request"] {
            key = SymmetricKey(data: Array(HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key)))
        }
        self.key = key
    }

    /// The signature of a string to sign: 32 bytes.
    public func sign(_ text: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }
}
