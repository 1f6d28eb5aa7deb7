import AWSProtocol
import JSON

/// The JSON in which the container and the instance metadata endpoints lend keys.
public enum CredentialDocument {
    /// Reads the keys; nil when the bytes are not such a document.
    public static func parse(_ bytes: [UInt8]) -> S3Credentials? {
        guard let document = try? JSONValue.parse(bytes), let id = text(document, "AccessKeyId"),
            let secret = text(document, "SecretAccessKey")
        else { return nil }
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: text(document, "Token"),
            expiration: text(document, "Expiration").flatMap(seconds(of:)))
    }

    /// The instant of `2026-01-31T23:59:59Z`, with or without a fraction of the second, in seconds since 1970.
    static func seconds(of text: String) -> Int? {
        let bytes = text.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        let fraction = bytes.dropFirst(15).dropLast()
        guard bytes.count >= 16, bytes.last == UInt8(ascii: "Z"),
            fraction.isEmpty || fraction.first == UInt8(ascii: ".")
        else { return nil }
        return DateText.parseBasic(String(decoding: bytes.prefix(15) + [UInt8(ascii: "Z")], as: UTF8.self))
    }

    private static func text(_ document: JSONValue, _ name: String) -> String? {
        document[name]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
}
