import NIOHTTP1
import OutcropNumerics

/// Keys of the container's role, from the endpoint that the orchestrator (ECS, EKS pod identity, Greengrass) names in the
/// environment.
///
/// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
struct ContainerCredentials: CredentialProvider {
    /// What `Authorization` holds.
    enum Authorization: Sendable, Equatable {
        case none
        case token(String)
        /// The path of a file that holds the token now; it is written anew from time to time.
        case file(String)
    }

    /// The whole URL.
    let url: String
    let authorization: Authorization
    var timeout: Duration = .seconds(10)

    var origin: String { "the container endpoint \(url)" }

    func load(_ transport: HTTPTransport) async throws(CredentialError) -> S3Credentials {
        let headers = try token().map { [("authorization", $0)] } ?? []
        let answer: HTTPTransport.Answer
        do throws(TransportError) {
            answer = try await transport.fetch(.GET, url, headers: headers, timeout: timeout)
        } catch {
            throw failure(error.text)
        }
        guard answer.status == 200 else { throw failure("it answered with status \(answer.status)") }
        guard let credentials = CredentialDocument.parse(answer.body) else { throw failure("the answer holds no keys") }
        return credentials
    }

    private func token() throws(CredentialError) -> String? {
        let token: String
        switch authorization {
        case .none: return nil
        case .token(let text): token = text
        case .file(let path):
            do throws(FileError) {
                token = try SmallFile.token(at: path)
            } catch {
                throw failure("the token: \(error)")
            }
        }
        guard token.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw failure("the authorization token holds characters that a header cannot have")
        }
        return token
    }

    /// Whether keys may be fetched from a URL: over TLS, or from this machine's own loopback and link-local services.
    static func isAllowed(_ address: ServerAddress) -> Bool {
        let host = Array(address.host.utf8)
        let local = ["localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
        return address.isSecure || local.contains { host.elementsEqual($0.utf8) }
            || (address.isNumeric && host.starts(with: "127.".utf8))
    }
}
