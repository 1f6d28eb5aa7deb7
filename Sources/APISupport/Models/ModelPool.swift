import Conversation
import Logging
import Synchronization

/// How models come into memory and leave it.
public struct LoadingPolicy: Sendable {
    /// Bytes that all models in memory may take together; no limit if nil. One model alone may always be loaded.
    public var memoryLimit: Int?
    /// How long a model may be unused before it is unloaded; never if nil.
    public var idleLimit: Duration?
    /// How long a request waits for its model. Below the 60 s after which clients give up.
    public var patience = Duration.seconds(50)

    /// No limits.
    public init(memoryLimit: Int? = nil, idleLimit: Duration? = nil) {
        self.memoryLimit = memoryLimit
        self.idleLimit = idleLimit
    }
}

/// Why a model that exists cannot be used now.
public enum ModelPoolError: Error, Sendable, Equatable {
    /// It is being loaded, or waits for memory that other models' requests use.
    case notReady(model: String)
    /// It cannot be loaded; the log says why.
    case unloadable(model: String)
}

/// A model as a request named it.
public struct NamedModel: Sendable {
    /// Answers conversations with the model.
    public let service: ConversationService
    /// What answers call the model: its name, or the ARN that the request had.
    public let name: String
}

/// The models that requests can name, at every door: loaded when they are asked for, unloaded when memory is needed or nobody
/// uses them, never under a request. One service per model, so that a conversation may go on at another door.
public actor ModelPool {
    /// Whose models they are, as ARNs name them.
    public nonisolated let account: AWSAccount
    private let catalog: any ModelCatalog
    private let policy: LoadingPolicy
    private let memoryTokens: Int
    private let date: CalendarDate
    private let logger: Logger
    private var resident: [String: ResidentModel] = [:]
    private var loading: [String: (bytes: Int, task: Task<ResidentModel, any Error>)] = [:]
    /// What is in memory, for metrics.
    private nonisolated let snapshot = Mutex<[ServedModel]>([])
    /// The model of requests that name none; the only one that there is, if nil.
    private nonisolated let defaultID: String?

    /// - Parameters:
    ///   - pinned: models that are loaded already and stay; requests that name none get the first.
    ///   - memoryTokens: tokens of earlier turns remembered per model.
    ///   - date: the date that models are told when a request says none.
    public init(
        catalog: any ModelCatalog, pinned: [OpenedModel] = [], policy: LoadingPolicy = LoadingPolicy(),
        account: AWSAccount = AWSAccount(), memoryTokens: Int = 4 << 20, date: CalendarDate, logger: Logger
    ) {
        self.account = account
        self.catalog = catalog
        self.policy = policy
        self.memoryTokens = memoryTokens
        self.date = date
        self.logger = logger
        defaultID = pinned.first?.served.id
        for model in pinned {
            resident[model.served.id] = ResidentModel(
                model, memory: TurnMemory(tokenCapacity: memoryTokens), date: date, isPinned: true)
        }
        snapshot.withLock { $0 = pinned.map(\.served) }
    }

    /// The models in memory now.
    public nonisolated var loaded: [ServedModel] { snapshot.withLock { $0 } }

    /// All models, loaded or not: pinned ones first, then the catalog's.
    public func entries() async throws -> [ModelEntry] {
        let pinned = pinnedEntries
        return pinned + (try await catalog.entries()).filter { entry in !pinned.contains { $0.id == entry.id } }
    }

    /// The model that a text means, loaded or not: one of its names, its imported-model id, or an ARN that ends in that id.
    public func entry(_ text: String) async throws -> ModelEntry? {
        let key = ImportedModelARN(text)?.id ?? text
        if let pinned = pinnedEntries.first(where: { $0.isCalled(key) }) { return pinned }
        return try await catalog.entry(key)
    }

    /// The model that requests get that name none; nil when there is none or there are several to choose from.
    public func defaultEntry() async throws -> ModelEntry? {
        if let defaultID { return pinnedEntries.first { $0.id == defaultID } }
        let all = try await catalog.entries()
        return all.count == 1 ? all.first : nil
    }

    /// The context length of a model in memory, in tokens; nil if it is not.
    public func contextLength(of entry: ModelEntry) -> Int? { resident[entry.id]?.service.model.contextLength }

    /// A model, ready to be used until the scope ends; it is loaded if it is not.
    ///
    /// - Parameter name: what the request called it.
    /// - Throws: `ModelPoolError`.
    public func acquire(_ entry: ModelEntry, called name: String? = nil, for scope: RequestScope) async throws
        -> NamedModel
    {
        let deadline = ContinuousClock.now + policy.patience
        while true {
            if let lease = resident[entry.id]?.lease() {
                scope.hold(lease)
                let isARN = name.map { ImportedModelARN($0) != nil } ?? false
                return NamedModel(service: lease.model.service, name: isARN ? name ?? entry.name : entry.name)
            }
            try await load(entry, before: deadline)
        }
    }

    /// Unloads what is idle for too long, or deleted, until the task is cancelled. Run it once, beside the server.
    public func keepTidy() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            for (id, model) in resident where !model.isPinned {
                guard let idle = model.idleSince else { continue }
                let isExpired = policy.idleLimit.map { idle + $0 <= .now } ?? false
                let isGone = await isDeleted(id)
                if isExpired || isGone { await unload(id) }
            }
        }
    }

    /// Frees all models that no request uses; at the end, when none does.
    public func closeAll() async {
        for id in resident.keys { await unload(id) }
    }

    /// False also when nobody can tell now.
    private func isDeleted(_ id: String) async -> Bool {
        do { return try await catalog.entry(id) == nil } catch { return false }
    }

    private var pinnedEntries: [ModelEntry] {
        resident.values.filter(\.isPinned).map { model in
            let served = model.service.model
            return ModelEntry(id: served.id, names: served.names, created: served.created, byteCount: model.byteCount)
        }.sorted { ($0.id == defaultID ? 0 : 1, $0.created, $0.id) < ($1.id == defaultID ? 0 : 1, $1.created, $1.id) }
    }
}

extension ModelPool {
    /// Waits until a model is in memory; starts loading it if nobody does.
    private func load(_ entry: ModelEntry, before deadline: ContinuousClock.Instant) async throws {
        let task: Task<ResidentModel, any Error>
        if let running = loading[entry.id] {
            task = running.task
        } else if resident[entry.id] != nil {
            // It is on its way out, and may come back when it is gone.
            return try await Task.sleep(for: .milliseconds(20))
        } else if await makeRoom(for: entry) {
            // Why the second look: making room may have taken a while.
            guard resident[entry.id] == nil, loading[entry.id] == nil else { return }
            task = start(entry)
        } else {
            guard ContinuousClock.now < deadline else { throw ModelPoolError.notReady(model: entry.name) }
            return try await Task.sleep(for: .milliseconds(20))
        }
        guard try await completes(task, before: deadline) else { throw ModelPoolError.notReady(model: entry.name) }
    }

    /// Loads a model whether or not the request that asked for it goes on waiting.
    private func start(_ entry: ModelEntry) -> Task<ResidentModel, any Error> {
        let begin = ContinuousClock.now
        let task = Task {
            defer { loading[entry.id] = nil }
            do {
                let opened = try await catalog.open(entry)
                let model = ResidentModel(
                    opened, memory: TurnMemory(tokenCapacity: memoryTokens), date: date, isPinned: false)
                resident[entry.id] = model
                updateSnapshot()
                logger.info(
                    "loaded \(entry.name)", metadata: ["seconds": "\((ContinuousClock.now - begin).seconds)"])
                return model
            } catch {
                logger.error("cannot load \(entry.name)", metadata: ["error": "\(error)"])
                throw ModelPoolError.unloadable(model: entry.name)
            }
        }
        loading[entry.id] = (entry.byteCount, task)
        return task
    }

    private nonisolated func completes(
        _ task: Task<ResidentModel, any Error>, before deadline: ContinuousClock.Instant
    ) async throws -> Bool {
        let (stream, continuation) = AsyncThrowingStream<Bool, any Error>.makeStream()
        let waiting = [
            Task {
                do {
                    _ = try await task.value
                    continuation.yield(true)
                } catch {
                    continuation.finish(throwing: error)
                }
            },
            Task {
                try? await Task.sleep(until: deadline, clock: .continuous)
                continuation.yield(false)
            },
        ]
        defer { for task in waiting { task.cancel() } }
        for try await isLoaded in stream { return isLoaded }
        // The stream ends early only when the request is cancelled.
        throw CancellationError()
    }

    /// Unloads the models unused for longest until there is room for another; false when running requests, or models
    /// that are being closed, are in the way.
    private func makeRoom(for entry: ModelEntry) async -> Bool {
        guard let limit = policy.memoryLimit else { return true }
        while true {
            let others = resident.values.map(\.byteCount) + loading.values.map(\.bytes)
            if others.isEmpty || others.reduce(entry.byteCount, +) <= limit { return true }
            let idle = resident.filter { !$0.value.isPinned && $0.value.idleSince != nil }
            let oldest = idle.min { ($0.value.idleSince ?? .now) < ($1.value.idleSince ?? .now) }
            guard let oldest else {
                // What is pinned never goes: then one model beside it may always be loaded.
                return loading.isEmpty && resident.values.allSatisfy(\.isPinned)
            }
            await unload(oldest.key)
        }
    }

    private func unload(_ id: String) async {
        guard let model = resident[id], model.retire() else { return }
        await model.close()
        resident[id] = nil
        updateSnapshot()
        logger.info("unloaded \(model.service.model.name)")
    }

    private func updateSnapshot() {
        let models = resident.values.map(\.service.model)
        snapshot.withLock { $0 = models }
    }
}
