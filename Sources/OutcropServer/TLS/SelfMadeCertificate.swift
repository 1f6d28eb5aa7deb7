import Crypto
import OutcropNumerics
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A certificate that the server makes for itself, for those who were given none: clients are told to trust its file
/// (`AWS_CA_BUNDLE`, `SSL_CERT_FILE`).
struct SelfMadeCertificate {
    /// The certificate's file, for the server and its clients.
    let certificatePath: String
    /// Its private key's file, which only the owner can read.
    let keyPath: String

    /// How long a certificate is valid, and how long before its end it is made anew.
    private static let lifetime: TimeInterval = 365 * 86400
    private static let renewal: TimeInterval = 30 * 86400

    /// The certificate in a folder; a new one if there is none for these hosts, or its time is nearly over.
    ///
    /// - Parameter hosts: names and addresses that clients may call the server by, beside the local ones.
    init(folder: String, hosts: [String], now: Date = .now) throws {
        certificatePath = FileSystem.join(folder, "certificate.pem")
        keyPath = FileSystem.join(folder, "key.pem")
        let names = (["localhost", "127.0.0.1", "::1"] + hosts).reduce(into: [String]()) { names, host in
            if !names.contains(host), !["0.0.0.0", "::"].contains(host) { names.append(host) }
        }
        guard !isUsable(for: names, now: now) else { return }
        try make(for: names, now: now)
    }

    private func isUsable(for names: [String], now: Date) -> Bool {
        guard FileSystem.status(of: keyPath)?.kind == .file,
            let pem = try? String(contentsOfFile: certificatePath, encoding: .utf8),
            let certificate = try? Certificate(pemEncoded: pem),
            certificate.notValidAfter > now.addingTimeInterval(Self.renewal),
            let alternatives = try? certificate.extensions.subjectAlternativeNames
        else { return false }
        return names.allSatisfy { name in alternatives.contains(Self.generalName(name)) }
    }

    private func make(for names: [String], now: Date) throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let subject = try DistinguishedName { CommonName("Outcrop") }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key.publicKey,
            notValidBefore: now.addingTimeInterval(-3600), notValidAfter: now.addingTimeInterval(Self.lifetime),
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                // Why an authority: clients take it from their list of trusted authorities.
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names.map(Self.generalName))
                SubjectKeyIdentifier(hash: key.publicKey)
            },
            issuerPrivateKey: key)
        try FileSystem.createFolder(FileSystem.parent(of: keyPath) ?? "/")
        try AtomicFile.write(Array((try key.serializeAsPEM().pemString + "\n").utf8), to: keyPath, isPrivate: true)
        try AtomicFile.write(Array((try certificate.serializeAsPEM().pemString + "\n").utf8), to: certificatePath)
    }

    private static func generalName(_ host: String) -> GeneralName {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        if parts.count == 4 { return .ipAddress(ASN1OctetString(contentBytes: ArraySlice(parts))) }
        if host == "::1" {
            return .ipAddress(ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 15) + [1]))
        }
        return .dnsName(host)
    }
}
