import APISupport
import Conversation
import Harmony
import Logging
import Synchronization
import TestSupport
import Testing
import Tokenizer

/// Models that take a while to load; counts what is done to them.
private final class FakeCatalog: ModelCatalog {
    struct State: Sendable {
        var entries: [ModelEntry] = []
        var opened: [String] = []
        var closed: [String] = []
        var isBroken = false
    }

    let state = Mutex(State())
    let delay: Duration

    init(_ names: [String], bytes: Int = 10, delay: Duration = .zero) {
        self.delay = delay
        state.withLock { state in
            state.entries = names.map { ModelEntry(id: Self.id($0), names: [$0], created: 1, byteCount: bytes) }
        }
    }

    static func id(_ name: String) -> String { String((name + "000000000000").prefix(12)) }

    var opened: [String] { state.withLock { $0.opened } }
    var closed: [String] { state.withLock { $0.closed } }

    func entries() async throws -> [ModelEntry] { state.withLock { $0.entries } }

    func entry(_ text: String) async throws -> ModelEntry? {
        state.withLock { $0.entries.first { $0.name == text || $0.id == text } }
    }

    func open(_ entry: ModelEntry) async throws -> OpenedModel {
        try await Task.sleep(for: delay)
        if state.withLock({ $0.isBroken }) { throw CancellationError() }
        state.withLock { $0.opened.append(entry.name) }
        let encoding = try HarmonyEncoding(tokenizer: try BytePairTokenizer.o200kHarmony())
        let served = ServedModel(
            id: entry.id, names: entry.names, generator: ScriptedGenerator([]), encoding: encoding, created: 1)
        return OpenedModel(served: served, byteCount: entry.byteCount) { [self] in
            state.withLock { $0.closed.append(entry.name) }
        }
    }
}

@Suite struct ModelPoolTests {
    private func pool(_ catalog: FakeCatalog, _ change: (inout LoadingPolicy) -> Void = { _ in }) -> ModelPool {
        var policy = LoadingPolicy()
        change(&policy)
        return ModelPool(
            catalog: catalog, policy: policy, date: CalendarDate(unixSeconds: 0), logger: Logger(label: "test"))
    }

    private func use(_ pool: ModelPool, _ name: String, _ scope: RequestScope = RequestScope()) async throws {
        let entry = try #require(try await pool.entry(name))
        let model = try await pool.acquire(entry, for: scope)
        #expect(model.name == name)
        withExtendedLifetime(scope) {}
    }

    @Test("a model is loaded once, however many ask for it at once")
    func loadsOnce() async throws {
        let catalog = FakeCatalog(["a"], delay: .milliseconds(50))
        let pool = pool(catalog)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { try await use(pool, "a") } }
            try await group.waitForAll()
        }
        #expect(catalog.opened == ["a"])
        #expect(pool.loaded.map(\.name) == ["a"])
        await pool.closeAll()
        #expect(catalog.closed == ["a"])
        #expect(pool.loaded.isEmpty)
    }

    @Test("a request that cannot wait for its model is told so, and the model is loaded all the same")
    func patience() async throws {
        let catalog = FakeCatalog(["a"], delay: .milliseconds(200))
        let pool = pool(catalog) { $0.patience = .milliseconds(20) }
        await #expect(throws: ModelPoolError.notReady(model: "a")) { try await use(pool, "a") }
        while catalog.opened.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(20))
        try await use(pool, "a")
        #expect(catalog.opened == ["a"])
    }

    @Test("a cancelled request leaves; the model is loaded for the next one")
    func cancelled() async throws {
        let catalog = FakeCatalog(["a"], delay: .milliseconds(100))
        let pool = pool(catalog)
        let task = Task { try await use(pool, "a") }
        try await Task.sleep(for: .milliseconds(20))
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
        try await use(pool, "a")
        #expect(catalog.opened == ["a"])
    }

    @Test("memory is taken from the model unused for longest")
    func leastRecentlyUsed() async throws {
        let catalog = FakeCatalog(["a", "b", "c"])
        let pool = pool(catalog) { $0.memoryLimit = 25 }
        for name in ["a", "b", "a", "c"] {
            try await use(pool, name)
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(catalog.opened == ["a", "b", "c"])
        #expect(catalog.closed == ["b"])
    }

    @Test("a model is never unloaded under a request: another one waits, then is told to come back")
    func neverUnderARequest() async throws {
        let catalog = FakeCatalog(["a", "b"])
        let pool = pool(catalog) {
            $0.memoryLimit = 15
            $0.patience = .milliseconds(200)
        }
        let scope = RequestScope()
        // Why again and again: on a busy machine loading may take longer than the patience.
        while (try? await use(pool, "a", scope)) == nil {}
        await #expect(throws: ModelPoolError.notReady(model: "b")) { try await use(pool, "b") }
        #expect(catalog.closed.isEmpty)
        withExtendedLifetime(scope) {}
    }

    @Test("a model that is larger than the limit may be loaded alone")
    func largerThanTheLimit() async throws {
        let catalog = FakeCatalog(["a", "b"], bytes: 100)
        let pool = pool(catalog) { $0.memoryLimit = 15 }
        try await use(pool, "a")
        try await use(pool, "b")
        #expect(catalog.closed == ["a"])
    }

    @Test("what nobody uses for a while, and what is deleted, is unloaded", .timeLimit(.minutes(1)))
    func tidies() async throws {
        let catalog = FakeCatalog(["a", "b"])
        let pool = pool(catalog) { $0.idleLimit = .milliseconds(100) }
        let scope = RequestScope()
        try await use(pool, "a", scope)
        try await use(pool, "b")
        // Not earlier: on a busy machine `b` might be idle for too long before its request has got it, and be loaded again.
        let tidying = Task { await pool.keepTidy() }
        // `a` is in use, however long ago it was asked for.
        while pool.loaded.map(\.name) != ["a"] { try await Task.sleep(for: .milliseconds(20)) }
        #expect(catalog.closed == ["b"])
        catalog.state.withLock { $0.entries.removeAll() }
        #expect(try await pool.entry("a") == nil)
        try await Task.sleep(for: .milliseconds(1200))
        #expect(catalog.closed == ["b"])
        withExtendedLifetime(scope) {}
        tidying.cancel()
        await tidying.value
    }

    @Test("a model that cannot be loaded is an error, and is tried again by the next request")
    func unloadable() async throws {
        let catalog = FakeCatalog(["a"])
        let pool = pool(catalog)
        catalog.state.withLock { $0.isBroken = true }
        await #expect(throws: ModelPoolError.unloadable(model: "a")) { try await use(pool, "a") }
        catalog.state.withLock { $0.isBroken = false }
        try await use(pool, "a")
    }

    @Test("a request that names no model gets the only one")
    func defaultModel() async throws {
        #expect(try await pool(FakeCatalog(["a"])).defaultEntry()?.name == "a")
        #expect(try await pool(FakeCatalog(["a", "b"])).defaultEntry() == nil)
        #expect(try await pool(FakeCatalog([])).defaultEntry() == nil)
    }

    @Test("requests come and go while models do", .timeLimit(.minutes(1)))
    func storm() async throws {
        let names = ["a", "b", "c", "d"]
        let catalog = FakeCatalog(names, delay: .milliseconds(1))
        let pool = pool(catalog) { $0.memoryLimit = 25 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let scope = RequestScope()
                    try await use(pool, names[index % names.count], scope)
                    try await Task.sleep(for: .microseconds(index * 7 % 500))
                    withExtendedLifetime(scope) {}
                }
            }
            try await group.waitForAll()
        }
        await pool.closeAll()
        #expect(catalog.opened.count == catalog.closed.count)
    }
}
