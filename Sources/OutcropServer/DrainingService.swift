import APISupport
import Hummingbird
import ServiceLifecycle

/// Runs the HTTP server and stops it in two steps: first it answers new requests with 503 while running ones end, then it closes.
///
/// The server's own graceful shutdown closes its port at once, so that nobody would be told anything.
struct DrainingService: Service {
    let application: Application<APIResponder>
    let state: ServiceState
    let drainTimeout: Duration

    func run() async throws {
        let inner = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [application], logger: application.logger))
        // Why detached: a child would be told of the shutdown at once, too.
        let server = Task.detached { try await inner.run() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await server.value
            } onGracefulShutdown: {
                Task { await drain(inner, server) }
            }
        } onCancel: {
            server.cancel()
        }
    }

    private func drain(_ inner: ServiceGroup, _ server: Task<Void, any Error>) async {
        state.startDraining()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await state.waitUntilIdle() }
            group.addTask { try? await Task.sleep(for: drainTimeout) }
            await group.next()
            group.cancelAll()
        }
        await inner.triggerGracefulShutdown()
        if state.requestsInProgress > 0 { server.cancel() }
    }
}
