import AWSProtocol
import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The Security Token Service, which lends keys of a role.
///
/// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
struct TokenService: Sendable, Equatable {
    /// Its server; nil for Amazon's in the region.
    var server: ServerAddress?
    /// The region to ask and to sign for.
    var region: String
    /// How long each request may take.
    var timeout: Duration = .seconds(10)
    /// The pause before the second of three attempts; the next is twice as long.
    var firstPause: Duration = .milliseconds(500)

    /// The most bytes that an answer may have.
    static let answerLimit = 1 << 16

    /// Borrows keys.
    /// - Parameters:
    ///   - parameters: the operation and its parameters.
    ///   - credentials: what to sign with; nil for operations that are not signed.
    func borrow(
        _ parameters: [(String, String)], signedWith credentials: S3Credentials?, _ transport: HTTPTransport
    ) async throws(TransportError) -> S3Credentials {
        var attempt = 1
        while true {
            do throws(TransportError) {
                return try await ask(parameters, credentials, transport)
            } catch {
                guard attempt < 3, error.kind == .connection || error.kind == .timeout else { throw error }
            }
            do {
                try await Task.sleep(for: firstPause * attempt)
            } catch {
                throw TransportError(kind: .cancelled, text: "cancelled")
            }
            attempt += 1
        }
    }

    private func ask(
        _ parameters: [(String, String)], _ credentials: S3Credentials?, _ transport: HTTPTransport
    ) async throws(TransportError) -> S3Credentials {
        let server = server ?? ServerAddress(host: S3Endpoint.amazonHost(service: "sts", region: region))
        let form = ([("Version", "2011-06-15")] + parameters)
            .map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        let body = Array(form.utf8)
        let path = server.basePath + "/"
        var headers = [("host", server.authority), ("content-type", "application/x-www-form-urlencoded")]
        if let credentials {
            let signer = RequestSigner(
                accessKey: credentials.accessKeyID, secret: credentials.secretAccessKey,
                sessionToken: credentials.sessionToken, region: region, service: "sts")
            headers =
                signer.sign(
                    SignableRequest(method: "POST", target: path, headers: headers),
                    payloadHash: Hexadecimal.encode(Checksum.of(body, .sha256)),
                    now: Int(Date().timeIntervalSince1970)
                ).headers
        }
        let url = "\(server.scheme)://\(server.authority)\(path)"
        let answer = try await transport.fetch(.POST, url, headers: headers, body: body, timeout: timeout)
        guard answer.status == 200 else {
            let error = ErrorDocument(parsing: answer.body)
            let words = error.map { "\($0.code): \($0.message)" } ?? "no explanation"
            throw TransportError(
                kind: answer.status >= 500 || answer.status == 429 ? .connection : .lasting,
                text: "\(url) answered \(answer.status) \(words)")
        }
        guard let lent = TokenDocument.parse(answer.body) else {
            throw TransportError(kind: .lasting, text: "the answer of \(url) holds no keys")
        }
        return lent
    }
}
