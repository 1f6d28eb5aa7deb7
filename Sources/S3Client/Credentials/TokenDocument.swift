import AWSProtocol

/// The XML in which the token service lends keys.
public enum TokenDocument {
    /// Reads the keys of an answer to AssumeRole or AssumeRoleWithWebIdentity; nil when the bytes are none.
    public static func parse(_ bytes: [UInt8]) -> S3Credentials? {
        guard let root = try? XMLParser.parse(bytes),
            let lent = root.children.lazy.compactMap({ $0.child("Credentials") }).first,
            let id = lent.text(of: "AccessKeyId"), let secret = lent.text(of: "SecretAccessKey"), !id.isEmpty,
            !secret.isEmpty
        else { return nil }
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: lent.text(of: "SessionToken"),
            expiration: lent.text(of: "Expiration").flatMap(CredentialDocument.seconds(of:)))
    }
}
