import Access
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Takes every request of the server: names it, finds its door and route, finds out who asks, checks the size, calls the handler,
/// renders errors, measures and logs. Prompts and answers are never logged.
public struct APIResponder: HTTPResponder {
    /// What Hummingbird hands over with each request.
    public typealias Context = APIContext

    private let doors: DoorList
    private let authenticator: Authenticator
    private let bodyLimit: Int
    private let state: ServiceState
    private let metrics: Metrics
    private let audit: AuditLog?
    private let connections: ClientConnections

    /// - Parameters:
    ///   - doors: at least one; the first words the errors of paths in no door's folders.
    ///   - bodyLimit: the most bytes of a request's body that is not streamed.
    ///   - audit: where it is noted who did what.
    ///   - connections: those that the server's channels are watched by.
    public init(
        doors: [Door], authenticator: Authenticator = Authenticator(), bodyLimit: Int, state: ServiceState,
        metrics: Metrics, audit: AuditLog? = nil, connections: ClientConnections
    ) {
        self.doors = DoorList(doors)
        self.authenticator = authenticator
        self.bodyLimit = bodyLimit
        self.state = state
        self.metrics = metrics
        self.audit = audit
        self.connections = connections
    }

    /// Answers a request; never throws what a client could cause.
    public func respond(to request: Request, context: APIContext) async throws -> Response {
        let start = ContinuousClock.now
        let id = RequestIdentifier(header: request.headers[.xRequestID])
        let claim = Claim(request.head)
        let (door, target) = await doors.find(request.head, service: claim.service) {
            await authenticator.isOpen()
        }
        let scope = RequestScope()
        var response: Response
        var outcome = AccessRecord.Outcome.complete
        var logger = context.logger
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request"] = "\(id)"
        let body = BodyReader(request, context.channel)
        do {
            let arrival = Arrival(
                request: request, claim: claim, id: id, channel: context.channel, scope: scope, logger: logger)
            response = try await answer(arrival, body, target)
        } catch {
            await body.discard()
            if error is ClientGone {
                outcome = .clientGone
            } else {
                logger.debug("request failed", metadata: ["error": "\(error)"])
            }
            response = door.errors.response(for: error, request: id)
        }
        if request.method == .head { response = response.createHeadResponse() }
        response.headers[.xRequestID] = id.description
        response.headers[.xAmznRequestID] = id.description
        if state.isDraining || body.isHeldBack { response.headers[.connection] = "close" }
        let record = AccessRecord(
            request: request, id: id, route: target.name, status: response.status, start: start,
            address: context.channel.remoteAddress?.ipAddress, scope: scope,
            logger: logger, metrics: metrics, audit: audit)
        return record.attached(
            to: response, isStreamed: response.body.contentLength == nil || target.isObjects, outcome: outcome)
    }

    /// A request and what belongs to it from its first byte on.
    private struct Arrival {
        let request: Request
        let claim: Claim
        let id: RequestIdentifier
        let channel: any Channel
        let scope: RequestScope
        let logger: Logger
    }

    private func answer(_ arrival: Arrival, _ body: BodyReader, _ target: RouteTarget) async throws -> Response {
        let request = arrival.request
        var api = APIRequest(
            id: arrival.id, head: request.head, connection: connections.connection(of: arrival.channel),
            scope: arrival.scope, logger: arrival.logger)
        switch target {
        case .unknownPath:
            throw RequestError.unknownRoute(method: request.method.rawValue, path: request.uri.path)
        case .wrongMethod(let allowed):
            throw RequestError.wrongMethod(method: request.method.rawValue, path: request.uri.path, allowed: allowed)
        case .route(let route, let parameters):
            api.parameters = parameters
            guard route.access == .keyed else {
                api.body = try await body.collect(upTo: bodyLimit)
                return try await route.handler(api)
            }
            let proof = try await admit(arrival)
            api.body = try await body.collect(upTo: bodyLimit)
            api.caller = try proof.caller(body: api.body)
            arrival.scope.note(api.caller)
            let response = try await route.handler(api)
            // A body that is known already is as good as written.
            return response.body.contentLength == nil ? response.holding(arrival.scope) : response
        case .objects(let handler):
            let proof = try await admit(arrival)
            api.caller = try proof.callerByDeclaredHash()
            api.chunkSigning = proof.chunkSigning
            arrival.scope.note(api.caller)
            api.upload = body.stream()
            return try await handler.answer(api).holding(arrival.scope)
        }
    }

    /// Finds out who asks, as far as that is known before the body, and counts the request in.
    private func admit(_ arrival: Arrival) async throws -> Proof {
        let proof = try await authenticator.examine(arrival.claim)
        // Why: without a key, a page that a user of this machine looks at could use the server from their browser.
        if !proof.isNeeded, let origin = arrival.request.headers[.origin], !isLocalOrigin(origin) {
            throw RequestError.foreignOrigin(origin)
        }
        guard let ticket = RequestTicket(state) else { throw RequestError.shuttingDown }
        arrival.scope.hold(ticket)
        return proof
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
    /// The response, keeping a scope alive until its body is written.
    fileprivate func holding(_ scope: RequestScope) -> Response {
        let body = body
        var response = self
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            defer { withExtendedLifetime(scope) {} }
            try await body.write(writer)
        }
        return response
    }
}
