import APISupport
import ServiceLifecycle

/// Unloads models that are not used any more, for as long as the server runs.
struct TidyingService: Service {
    let pool: ModelPool

    func run() async throws {
        await cancelWhenGracefulShutdown { await pool.keepTidy() }
    }
}
