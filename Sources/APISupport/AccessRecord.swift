import Access
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging

/// One line in the access log and one entry in the metrics per request, when its answer is written. Holds nothing of the
/// request's or the answer's content.
struct AccessRecord: Sendable {
    private static let requests = MetricFamily(
        "outcrop_http_requests_total", .counter, "Answered HTTP requests.")
    private static let duration = MetricFamily(
        "outcrop_http_request_duration_seconds",
        .histogram(bounds: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]),
        "Seconds from a request's arrival to the end of its answer.")

    /// What became of the answer.
    enum Outcome: String {
        case complete = "complete"
        case clientGone = "client gone"
    }

    private let id: RequestIdentifier
    private let method: String
    private let route: String
    private let path: String
    private let status: HTTPResponse.Status
    private let start: ContinuousClock.Instant
    private let address: String?
    private let scope: RequestScope
    private let logger: Logger
    private let metrics: Metrics
    private let audit: AuditLog?

    init(
        request: Request, id: RequestIdentifier, route: String, status: HTTPResponse.Status,
        start: ContinuousClock.Instant, address: String?, scope: RequestScope, logger: Logger, metrics: Metrics,
        audit: AuditLog?
    ) {
        self.id = id
        method = request.method.rawValue
        path = request.uri.path
        self.route = route
        self.status = status
        self.start = start
        self.address = address
        self.scope = scope
        self.audit = audit
        self.logger = logger
        self.metrics = metrics
    }

    /// The response, which records itself when its body is written or has failed to be; at once if its body is known.
    ///
    /// - Parameter outcome: what has become of an answer whose body is known.
    func attached(to response: Response, isStreamed: Bool, outcome: Outcome) -> Response {
        guard isStreamed else {
            write(outcome)
            return response
        }
        let body = response.body
        var response = response
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            do {
                try await body.write(writer)
                write(.complete)
            } catch {
                write(.clientGone)
                throw error
            }
        }
        return response
    }

    private func write(_ outcome: Outcome) {
        let elapsed = (ContinuousClock.now - start).seconds
        metrics.increment(Self.requests, ["method": method, "route": route, "code": "\(status.code)"])
        metrics.observe(Self.duration, ["route": route], elapsed)
        logger.info(
            "\(method) \(path) \(status.code)",
            metadata: ["seconds": "\((elapsed * 1000).rounded() / 1000)", "outcome": "\(outcome.rawValue)"])
        writeAudit()
    }

    /// Probes and metrics, which nobody has to be let in for, are not audited.
    private func writeAudit() {
        guard let audit else { return }
        let caller = scope.caller
        let decisions = caller?.decisions ?? []
        let isRefused = [401, 403].contains(status.code)
        guard isRefused || caller != nil else { return }
        audit.record(
            AuditEntry(
                requestID: id.description,
                principal: caller.map { ($0.principal.id, $0.principal.name) }, sourceAddress: address,
                decisions: decisions,
                outcome: isRefused ? .deny : status.code >= 400 ? .error : .allow, status: status.code))
    }
}
