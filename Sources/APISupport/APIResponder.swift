import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging

/// A dialect's routes, and how it words errors.
public struct Door: Sendable {
    /// What it answers.
    public var routes: [Route]
    /// How it words errors.
    public var errors: any ErrorRenderer
    /// First parts of paths: those below them that no route has are this door's to refuse.
    public var folders: [String]

    /// A door of routes in one dialect.
    public init(routes: [Route], errors: any ErrorRenderer, folders: [String] = []) {
        self.routes = routes
        self.errors = errors
        self.folders = folders
    }
}

/// Takes every request of the server: names it, finds its route, checks key and size, calls the handler, renders errors,
/// measures and logs. Prompts and answers are never logged.
public struct APIResponder: HTTPResponder {
    /// What Hummingbird hands over with each request.
    public typealias Context = APIContext

    private let doors: [Door]
    private let keys: APIKeys
    private let bodyLimit: Int
    private let state: ServiceState
    private let metrics: Metrics
    private let connections: ClientConnections

    /// - Parameters:
    ///   - doors: at least one; the first words the errors of paths in no door's folders.
    ///   - bodyLimit: the most bytes of a request's body.
    ///   - connections: those that the server's channels are watched by.
    public init(
        doors: [Door], keys: APIKeys, bodyLimit: Int, state: ServiceState, metrics: Metrics,
        connections: ClientConnections
    ) {
        precondition(!doors.isEmpty, "a server needs a door")
        self.doors = doors
        self.keys = keys
        self.bodyLimit = bodyLimit
        self.state = state
        self.metrics = metrics
        self.connections = connections
    }

    /// Answers a request; never throws what a client could cause.
    public func respond(to request: Request, context: APIContext) async throws -> Response {
        let start = ContinuousClock.now
        let id = RequestIdentifier(header: request.headers[.xRequestID])
        let (door, match) = find(request.method, request.head.path ?? "/")
        var response: Response
        var logger = context.logger
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request"] = "\(id)"
        var body = BodyReader(request, context.channel, limit: bodyLimit)
        do {
            response = try await answer(request, &body, context, id, match, logger)
        } catch {
            await body.discard()
            if !(error is ClientGone) { logger.debug("request failed", metadata: ["error": "\(error)"]) }
            response = door.errors.response(for: error, request: id)
        }
        if request.method == .head { response = response.createHeadResponse() }
        response.headers[.xRequestID] = id.description
        response.headers[.xAmznRequestID] = id.description
        if state.isDraining { response.headers[.connection] = "close" }
        let record = AccessRecord(
            request: request, route: match.route?.path ?? "unknown", status: response.status, start: start,
            logger: logger, metrics: metrics)
        return record.attached(to: response)
    }

    private func answer(
        _ request: Request, _ body: inout BodyReader, _ context: APIContext, _ id: RequestIdentifier,
        _ match: RouteMatch, _ logger: Logger
    ) async throws -> Response {
        switch match {
        case .unknownPath:
            throw RequestError.unknownRoute(method: request.method.rawValue, path: request.uri.path)
        case .wrongMethod(let allowed):
            throw RequestError.wrongMethod(method: request.method.rawValue, path: request.uri.path, allowed: allowed)
        case .route(let route, let parameters):
            let ticket = try admit(request, route)
            let bytes = try await body.collect()
            let connection = connections.connection(of: context.channel)
            let response = try await route.handler(
                APIRequest(
                    id: id, head: request.head, parameters: parameters, body: bytes, connection: connection,
                    logger: logger))
            return ticket.map { response.holding($0) } ?? response
        }
    }

    /// Checks the key and counts the request in.
    private func admit(_ request: Request, _ route: Route) throws -> RequestTicket? {
        guard route.access == .keyed else { return nil }
        let authorization = request.headers[.authorization]
        let apiKey = request.headers[.xAPIKey]
        guard keys.accept(authorization: authorization, apiKey: apiKey) else {
            throw RequestError.unauthorized(keys.offer(authorization: authorization, apiKey: apiKey))
        }
        // Why: without a key, a page that a user of this machine looks at could use the server from their browser.
        if !keys.areRequired, let origin = request.headers[.origin], !isLocalOrigin(origin) {
            throw RequestError.foreignOrigin(origin)
        }
        guard let ticket = RequestTicket(state) else { throw RequestError.shuttingDown }
        return ticket
    }
}

/// What the routes have to say about a method and a path.
enum RouteMatch {
    case route(Route, [String: String])
    case wrongMethod(allowed: [String])
    case unknownPath

    var route: Route? { if case .route(let route, _) = self { route } else { nil } }
}

extension APIResponder {
    /// The door that answers, and its route. A `HEAD` is a `GET` without the body.
    func find(_ method: HTTPRequest.Method, _ path: String) -> (Door, RouteMatch) {
        let parts = pathSegments(path)
        let wanted = method == .head ? .get : method
        for door in doors {
            let matches = door.routes.compactMap { route in route.match(parts).map { (route, $0) } }
            if let (route, parameters) = matches.first(where: { $0.0.method == wanted }) {
                return (door, .route(route, parameters))
            }
            if !matches.isEmpty {
                return (door, .wrongMethod(allowed: matches.map { $0.0.method.rawValue }))
            }
        }
        let owner = doors.first { door in
            door.folders.contains { $0.utf8.elementsEqual((parts.first ?? "").utf8) }
        }
        return (owner ?? doors[0], .unknownPath)
    }
}

/// Counts a request as in progress for as long as anything holds it.
final class RequestTicket: Sendable {
    private let state: ServiceState

    /// Nil if the server takes no more requests.
    init?(_ state: ServiceState) {
        guard state.enter() else { return nil }
        self.state = state
    }

    deinit { state.leave() }
}

extension Response {
    /// The response, holding a ticket until its body is written. A body that is known already is as good as written.
    fileprivate func holding(_ ticket: RequestTicket) -> Response {
        guard body.contentLength == nil else { return self }
        let body = body
        var response = self
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            defer { withExtendedLifetime(ticket) {} }
            try await body.write(writer)
        }
        return response
    }
}
