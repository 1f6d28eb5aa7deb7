import NIOHTTP1

/// Keys of the role of the virtual machine that we run on, from its metadata service (version 2, which asks for a token
/// first so that a request that somebody makes us send cannot get at the keys).
///
/// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
struct InstanceCredentials: CredentialProvider {
    /// The service's address, without a slash behind it.
    var endpoint = "http://169.254.169.254"
    /// How long each request may take: on a machine without the service nothing answers at all.
    var timeout: Duration = .seconds(1)

    var origin: String { "the instance metadata at \(endpoint)" }

    func load(_ transport: HTTPTransport) async throws(CredentialError) -> S3Credentials {
        let token: String
        do throws(TransportError) {
            token = try await line(
                transport, .PUT, "/latest/api/token", [("x-aws-ec2-metadata-token-ttl-seconds", "21600")])
        } catch {
            throw CredentialError(
                origin: "the environment, the shared files, the container and the instance metadata",
                reason: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (\(endpoint): \(error.text))")
        }
        do throws(TransportError) {
            let path = "/latest/meta-data/iam/security-credentials/"
            let headers = [("x-aws-ec2-metadata-token", token)]
            let role = try await line(transport, .GET, path, headers)
            let document = try await get(transport, .GET, path + role, headers)
            guard let credentials = CredentialDocument.parse(document) else {
                throw TransportError(kind: .lasting, text: "the document of the role \(role) holds no keys")
            }
            return credentials
        } catch {
            throw failure(error.text)
        }
    }

    private func line(
        _ transport: HTTPTransport, _ method: HTTPMethod, _ path: String, _ headers: [(String, String)]
    ) async throws(TransportError) -> String {
        let body = try await get(transport, method, path, headers)
        let line = body.prefix { (0x21...0x7e).contains($0) }
        guard !line.isEmpty else { throw TransportError(kind: .lasting, text: "an empty answer to \(method) \(path)") }
        return String(decoding: line, as: UTF8.self)
    }

    private func get(
        _ transport: HTTPTransport, _ method: HTTPMethod, _ path: String, _ headers: [(String, String)]
    ) async throws(TransportError) -> [UInt8] {
        let answer = try await transport.fetch(method, endpoint + path, headers: headers, timeout: timeout)
        guard answer.status == 200 else {
            throw TransportError(kind: .lasting, text: "\(answer.status) to \(method) \(path)")
        }
        return answer.body
    }
}
