import APISupport
import Hummingbird

/// What the runtime operations need.
struct RuntimeContext: Sendable {
    let pool: ModelPool
    let metrics: GenerationMetrics
    /// How long nothing may happen on a stream before an event is sent that clients skip.
    let keepAlive: Duration

    /// The longest body of an invocation.
    static let bodyLimit = 25_000_000

    /// The routes of an operation: a bare ARN in the path has a slash of its own.
    ///
    /// - Parameter action: what the caller must be allowed to do with the model.
    func routes(
        _ operation: String, _ action: ModelAction,
        handler: @escaping @Sendable (RuntimeRequest) async throws -> Response
    ) -> [Route] {
        ["{model}", "{model}/{resource}"].map { model in
            Route(.post, "/model/\(model)/\(operation)") { request in
                let stopwatch = Stopwatch()
                let parts = [request.parameters["model"], request.parameters["resource"]].compactMap { $0 }
                let identifier = parts.joined(separator: "/")
                let entry = try await find(identifier)
                try request.caller.authorize(action, on: entry, in: pool.account)
                guard request.body.count <= Self.bodyLimit else {
                    throw RequestError.bodyTooLarge(limit: Self.bodyLimit)
                }
                let model = try await pool.acquire(entry, called: identifier, for: request.scope)
                return try await handler(RuntimeRequest(request: request, model: model, stopwatch: stopwatch))
            }
        }
    }

    /// The model that a path names.
    func find(_ identifier: String) async throws -> ModelEntry {
        if let entry = try await pool.entry(identifier) { return entry }
        guard (1...2048).contains(identifier.utf8.count), identifier.utf8.allSatisfy(Self.isAllowed) else {
            throw BedrockError.validation(
                "The provided model identifier is invalid: expected a model's name or an ARN such as "
                    + "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl.")
        }
        throw BedrockError(
            .resourceNotFound, "The model '\(identifier)' does not exist. GET /imported-models lists those that do.")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_.-/:".utf8.contains(byte)
        }
    }
}

/// A request of a runtime operation, its model found.
struct RuntimeRequest: Sendable {
    let request: APIRequest
    let model: NamedModel
    let stopwatch: Stopwatch

    /// The id that logs and generators know the request by.
    var id: String { request.id.description }
}
