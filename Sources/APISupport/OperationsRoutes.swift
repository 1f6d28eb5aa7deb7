import Hummingbird
import JSON

/// What probes, load balancers and Prometheus ask for: `/health`, `/ready`, `/ping`, `/version`, `/metrics`.
///
/// They need no key: they tell nothing of requests or answers.
public struct OperationsRoutes: Sendable {
    private let state: ServiceState
    private let metrics: Metrics
    private let version: String

    /// Routes that tell of this server.
    public init(state: ServiceState, metrics: Metrics, version: String) {
        self.state = state
        self.metrics = metrics
        self.version = version
    }

    /// The routes.
    public var routes: [Route] {
        // Why the same answer for all three: a process that drains must get no more requests, and one that answers lives.
        ["/health", "/ready", "/ping"].map { path in
            Route(.get, path, access: .open) { [state] _ in
                if state.isDraining { throw RequestError.shuttingDown }
                return .json(Array("{\"status\":\"ok\"}".utf8))
            }
        } + [
            Route(.get, "/version", access: .open) { [version] _ in
                .json(JSONValue.object(JSONObject([("version", .string(version))])).serializedBytes())
            },
            Route(.get, "/metrics", access: .open) { [metrics] _ in
                .text(metrics.exposition(), contentType: "text/plain; version=0.0.4; charset=utf-8")
            },
        ]
    }
}
