import NIOSSL

/// Which servers to believe over TLS.
struct CertificateTrust: Sendable, Equatable {
    /// Whether certificates are looked at.
    var verifies = true
    /// The path of a PEM file with the authorities to trust; nil for the system's.
    var authorities: String?

    /// What the TLS library needs.
    /// - Throws: `S3ConfigurationError` when the file cannot be read or holds no certificate.
    func tlsConfiguration() throws(S3ConfigurationError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if !verifies { configuration.certificateVerification = .none }
        guard let authorities, verifies else { return configuration }
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(authorities)
            configuration.trustRoots = .certificates(certificates)
            return configuration
        } catch {
            throw S3ConfigurationError(
                place: "the certificate authorities in \(authorities)", reason: "cannot be read as PEM: \(error)")
        }
    }
}
