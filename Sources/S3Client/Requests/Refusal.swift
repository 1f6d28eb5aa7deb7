import AsyncHTTPClient
import NIOHTTP1

/// An answer of the server that is an error.
struct Refusal {
    private let status: Int
    private let code: String
    private let message: String
    private let region: String?

    /// Reads the answer; a body that cannot be read is none.
    init(_ response: HTTPClientResponse) async {
        status = Int(response.status.code)
        var document: ErrorDocument?
        do throws(TransportError) {
            document = ErrorDocument(parsing: try await HTTPTransport.body(of: response, limit: 1 << 16))
        } catch {
            document = nil
        }
        code = document?.code ?? response.status.reasonPhrase
        message = document?.message ?? ""
        region = response.headers.first(name: "x-amz-bucket-region") ?? document?.region
    }

    /// What it means for a request.
    /// - Parameters:
    ///   - region: the one that the request was signed for.
    ///   - keys: those that it was signed with.
    func error(_ exchange: some S3Exchange, region used: String, keys: S3Credentials?) -> AttemptError {
        let reason =
            exchange.meaning(status: status, code: code)
            ?? .refused(status: status, code: code, message: message)
        if let region, [301, 307, 400].contains(status), region != used, S3Endpoint.isRegion(region) {
            return .otherRegion(region, reason)
        }
        if let keys, code == "ExpiredToken" || code == "TokenRefreshRequired" { return .expiredKeys(keys, reason) }
        return isPassing ? .passing(reason) : .lasting(reason)
    }

    private var isPassing: Bool {
        [408, 429, 500, 502, 503, 504].contains(status)
            || ["SlowDown", "InternalError", "RequestTimeout", "ServiceUnavailable", "Throttling"].contains(code)
    }
}
