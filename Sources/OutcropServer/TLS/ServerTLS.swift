import NIOSSL

/// Where the server's certificate comes from.
public enum ServerTLS: Sendable, Equatable {
    /// Plain HTTP.
    case off
    /// From PEM files: a certificate, with the chain to its authority, and its private key.
    case files(certificate: String, key: String)
    /// Made by the server, kept in a folder.
    case selfMade(folder: String)

    /// How addresses of the server begin.
    public var scheme: String { self == .off ? "http" : "https" }

    /// The certificate that clients have to be told to trust; nil where their authorities vouch for it.
    public var certificateToTrust: String? {
        if case .selfMade(let folder) = self { folder + "/certificate.pem" } else { nil }
    }

    /// The settings of the TLS library; nil for plain HTTP.
    ///
    /// - Parameter host: what the server listens on; a certificate that the server makes names it.
    /// - Throws: `ServerError.unusableCertificate`.
    func configuration(host: String) throws(ServerError) -> TLSConfiguration? {
        let (certificatePath, keyPath): (String, String)
        do {
            switch self {
            case .off: return nil
            case .files(let certificate, let key): (certificatePath, keyPath) = (certificate, key)
            case .selfMade(let folder):
                let made = try SelfMadeCertificate(folder: folder, hosts: [host])
                (certificatePath, keyPath) = (made.certificatePath, made.keyPath)
            }
            let chain = try NIOSSLCertificate.fromPEMFile(certificatePath)
            guard !chain.isEmpty else {
                throw ServerError.unusableCertificate(path: certificatePath, reason: "it holds no certificate")
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: keyPath, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            // Checked here, so that a key that does not fit is said at the start and not at every connection.
            _ = try NIOSSLContext(configuration: configuration)
            return configuration
        } catch let error as ServerError {
            throw error
        } catch {
            throw .unusableCertificate(path: description, reason: "\(error)")
        }
    }

    private var description: String {
        switch self {
        case .off: "no certificate"
        case .files(let certificate, let key): "\(certificate) with \(key)"
        case .selfMade(let folder): folder
        }
    }
}
