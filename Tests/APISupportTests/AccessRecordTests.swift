import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Synchronization
import Testing

@testable import APISupport

/// Keeps the outcomes that requests are logged with.
private final class OutcomeLog: LogHandler {
    private let state = Mutex<[String]>([])

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }

    var outcomes: [String] { state.withLock { $0 } }

    subscript(metadataKey _: String) -> Logger.MetadataValue? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        guard let outcome = event.metadata?["outcome"] else { return }
        state.withLock { $0.append("\(outcome)") }
    }
}

private struct StatusOnly: ErrorRenderer {
    func response(for error: any Error, request: RequestIdentifier) -> Response {
        error is ClientGone
            ? Response(status: .init(code: 499, reasonPhrase: "")) : Response(status: .internalServerError)
    }
}

@Suite struct AccessRecordTests {
    private struct Failure: Error {}

    @Test(
        "the log says whether the client was there until the end",
        arguments: [
            ("/whole", "complete"), ("/failed", "complete"), ("/abandoned", "client gone"),
            ("/streamed", "complete"), ("/stream-abandoned", "client gone"),
        ])
    func outcome(_ path: String, _ expected: String) async throws {
        let log = OutcomeLog()
        let routes = [
            Route(.get, "/whole", access: .open) { _ in Response(status: .ok) },
            Route(.get, "/failed", access: .open) { _ in throw Failure() },
            Route(.get, "/abandoned", access: .open) { _ in throw ClientGone() },
            Route(.get, "/streamed", access: .open) { _ in
                Response(status: .ok, body: ResponseBody { try await $0.finish(nil) })
            },
            Route(.get, "/stream-abandoned", access: .open) { _ in
                Response(status: .ok, body: ResponseBody { _ in throw ClientGone() })
            },
        ]
        let responder = APIResponder(
            doors: [Door(routes: routes, errors: StatusOnly())], bodyLimit: 100, state: ServiceState(),
            metrics: Metrics(), connections: ClientConnections())
        let application = Application(
            responder: responder, logger: Logger(label: "test") { _ in log })
        try await application.test(.router) { client in
            // A stream that breaks is the client's error, too.
            _ = try? await client.executeRequest(uri: path, method: .get, headers: [:], body: nil)
        }
        #expect(log.outcomes == [expected])
    }
}
