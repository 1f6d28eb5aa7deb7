import APISupport
import Access
import BedrockAPI
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import IdentityAPI
import ImportJobs
import Logging
import NIOCore
import OpenAIAPI
import S3API
import ServiceLifecycle
import UnixSignals
import Usage

/// The server, put together: doors, limits, start and stop order.
///
public struct ServerApplication: Sendable {
    private let configuration: ServerConfiguration
    private let state = ServiceState()
    private let connections = ClientConnections()
    private let responder: APIResponder
    private let pool: ModelPool
    private let logger: Logger

    /// - Throws: what is wrong with the settings.
    public init(_ configuration: ServerConfiguration, logger: Logger) throws(ServerError) {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        let metrics = Metrics()
        pool = ModelPool(
            catalog: configuration.catalog, pinned: configuration.pinned, policy: configuration.loading,
            account: configuration.account,
            memoryTokens: configuration.memoryTokens, date: configuration.date, logger: logger)
        metrics.add(LoadMetrics.collector(pool, state))
        responder = APIResponder(
            doors: Self.doors(configuration, pool, metrics, state),
            authenticator: Authenticator(keys: configuration.keys),
            bodyLimit: configuration.bodyLimit,
            state: state, metrics: metrics, audit: configuration.audit, connections: connections)
    }

    /// What clients can speak; the first door words the errors of paths that no door knows.
    private static func doors(
        _ configuration: ServerConfiguration, _ pool: ModelPool, _ metrics: Metrics, _ state: ServiceState
    ) -> [Door] {
        let account = configuration.account
        let generation = GenerationMetrics(metrics, usage: configuration.usage)
        let openAI = OpenAIDoor(pool, metrics: generation, keepAlive: configuration.keepAlive).door
        let bedrock = BedrockDoor(
            pool, controlPlane: configuration.imports.map { ControlPlane($0.queue, account: account) },
            metrics: generation, keepAlive: configuration.keepAlive
        ).door
        let operations = Door(
            routes: OperationsRoutes(state: state, metrics: metrics, version: configuration.version).routes,
            errors: openAI.errors)
        let objects = configuration.objects.map { store in
            S3Door(store, region: account.region, domains: configuration.bucketDomains).door
        }
        return [openAI, bedrock, IdentityDoor(account: account.id).door, operations] + (objects.map { [$0] } ?? [])
    }

    /// Serves until the process is told to stop (SIGTERM, SIGINT) or the task is cancelled.
    ///
    /// Told to stop, it refuses new requests with 503, lets running ones end for as long as `drainTimeout`, then cancels them.
    ///
    /// - Parameter onReady: called with the port once the server listens.
    /// - Throws: `ServerError` if it cannot listen.
    public func run(onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
        try await configuration.validateKeys()
        try await sayWhoMayCome()
        let drainTimeout = configuration.drainTimeout
        var group = ServiceGroupConfiguration(
            services: backgroundServices + [try service(onReady)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // Why longer than the drain: these are the last resort, if cancelled requests do not end.
        group.maximumGracefulShutdownDuration = drainTimeout + .seconds(5)
        group.maximumCancellationDuration = .seconds(5)
        do {
            try await ServiceGroup(configuration: group).run()
            await pool.closeAll()
            await configuration.usage?.flush()
            await configuration.audit?.flush()
        } catch let error as IOError {
            let (host, port) = (configuration.host, configuration.port)
            throw error.errnoCode == addressInUse
                ? ServerError.addressInUse(host: host, port: port)
                : ServerError.cannotListen(host: host, port: port, reason: error.localizedReason)
        }
    }

    /// What goes on beside the answering.
    private var backgroundServices: [any Service] {
        let runner = configuration.imports.map { imports in
            ImportJobRunner(imports.queue, work: imports.work, settings: imports.settings, logger: logger)
        }
        return [TidyingService(pool: pool)] + (runner.map { [$0] } ?? [])
    }

    /// Says once that nobody has to show a key.
    private func sayWhoMayCome() async throws {
        guard try await configuration.keys?.areKeysRequired() != true else { return }
        logger.notice("no key exists: whoever reaches this address may do everything (outcrop keys create NAME)")
    }

    /// The server as a service that drains when it is told to stop.
    func service(_ onReady: @escaping @Sendable (Int) -> Void) throws -> DrainingService {
        DrainingService(
            application: try application(onReady), state: state, drainTimeout: configuration.drainTimeout)
    }

    private func application(
        _ onReady: @escaping @Sendable (Int) -> Void
    ) throws -> Application<APIResponder> {
        let http = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [connections.makeHandler()],
                idleTimeout: TimeAmount(configuration.idleTimeout)))
        let tls = try configuration.tls.configuration(host: configuration.host)
        return Application(
            responder: responder,
            server: try tls.map { try .tls(http, tlsConfiguration: $0) } ?? http,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "outcrop"),
            onServerRunning: { channel in onReady(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}
