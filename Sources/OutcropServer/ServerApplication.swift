import APISupport
import BedrockAPI
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import OpenAIAPI
import ServiceLifecycle
import UnixSignals

/// The server, put together: doors, limits, start and stop order.
///
/// It does not own the models' generators: stop them when `run` has returned.
public struct ServerApplication: Sendable {
    private let configuration: ServerConfiguration
    private let state = ServiceState()
    private let connections = ClientConnections()
    private let responder: APIResponder
    private let logger: Logger

    /// - Throws: what is wrong with the settings.
    public init(_ configuration: ServerConfiguration, logger: Logger) throws(ServerError) {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        let metrics = Metrics()
        metrics.add(LoadMetrics.collector(configuration.models, state))
        let directory = ModelDirectory(
            models: configuration.models, memoryTokens: configuration.memoryTokens, date: configuration.date)
        let openAI = OpenAIDoor(directory, metrics: metrics, keepAlive: configuration.keepAlive).door
        let bedrock = BedrockDoor(directory, metrics: metrics, keepAlive: configuration.keepAlive).door
        let operations = Door(
            routes: OperationsRoutes(state: state, metrics: metrics, version: configuration.version).routes,
            errors: openAI.errors)
        responder = APIResponder(
            doors: [openAI, bedrock, operations], keys: APIKeys(configuration.apiKeys),
            bodyLimit: configuration.bodyLimit,
            state: state, metrics: metrics, connections: connections)
    }

    /// Serves until the process is told to stop (SIGTERM, SIGINT) or the task is cancelled.
    ///
    /// Told to stop, it refuses new requests with 503, lets running ones end for as long as `drainTimeout`, then cancels them.
    ///
    /// - Parameter onReady: called with the port once the server listens.
    /// - Throws: `ServerError` if it cannot listen.
    public func run(onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
        let drainTimeout = configuration.drainTimeout
        var group = ServiceGroupConfiguration(
            services: [service(onReady)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // Why longer than the drain: these are the last resort, if cancelled requests do not end.
        group.maximumGracefulShutdownDuration = drainTimeout + .seconds(5)
        group.maximumCancellationDuration = .seconds(5)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError {
            let (host, port) = (configuration.host, configuration.port)
            throw error.errnoCode == addressInUse
                ? ServerError.addressInUse(host: host, port: port)
                : ServerError.cannotListen(host: host, port: port, reason: error.localizedReason)
        }
    }

    /// The server as a service that drains when it is told to stop.
    func service(_ onReady: @escaping @Sendable (Int) -> Void) -> DrainingService {
        DrainingService(
            application: application(onReady), state: state, drainTimeout: configuration.drainTimeout)
    }

    private func application(
        _ onReady: @escaping @Sendable (Int) -> Void
    ) -> Application<APIResponder> {
        let idleTimeout = TimeAmount(configuration.idleTimeout)
        return Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [connections.makeHandler()], idleTimeout: idleTimeout)),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "outcrop"),
            onServerRunning: { channel in onReady(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}
