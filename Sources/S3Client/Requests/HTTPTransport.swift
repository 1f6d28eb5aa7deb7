import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// The connections of one client.
final class HTTPTransport: Sendable {
    /// A whole answer from a service that lends credentials.
    struct Answer: Sendable {
        /// The HTTP status.
        var status: Int
        /// The body.
        var body: [UInt8]
    }

    private let client: HTTPClient

    /// - Throws: `S3ConfigurationError` when the certificate authorities cannot be read.
    init(_ trust: CertificateTrust, _ transfer: S3Transfer) throws(S3ConfigurationError) {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try trust.tlsConfiguration(), redirectConfiguration: .disallow,
            timeout: .init(
                connect: TimeAmount(transfer.connectTimeout), read: TimeAmount(transfer.stallTimeout),
                write: TimeAmount(transfer.stallTimeout)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(transfer.parallelism, 1)
        // We try again ourselves, and say so.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // A client that is dropped without it stops the process in debug builds; the call keeps it alive meanwhile.
        client.shutdown { _ in }
    }

    /// Sends a request and waits for the head of the answer; the body is the caller's to read.
    /// - Parameter timeout: for the head, with connecting and waiting for a free connection.
    func send(_ request: HTTPClientRequest, timeout: Duration) async throws(TransportError) -> HTTPClientResponse {
        do {
            return try await client.execute(request, timeout: TimeAmount(timeout))
        } catch {
            throw TransportError(error)
        }
    }

    /// Sends a request to one of the services that lend credentials and reads the whole answer, of at most 64 KiB.
    func fetch(
        _ method: HTTPMethod, _ url: String, headers: [(String, String)] = [], body: [UInt8]? = nil, timeout: Duration
    ) async throws(TransportError) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = HTTPHeaders(headers)
        if let body { request.body = .bytes(body) }
        let response = try await send(request, timeout: timeout)
        return Answer(status: Int(response.status.code), body: try await Self.body(of: response, limit: 1 << 16))
    }

    /// Reads the whole body of an answer.
    static func body(of response: HTTPClientResponse, limit: Int) async throws(TransportError) -> [UInt8] {
        do {
            return Array((try await response.body.collect(upTo: limit)).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw TransportError(kind: .lasting, text: "the answer has more than \(limit) bytes")
        } catch {
            throw TransportError(error)
        }
    }
}
