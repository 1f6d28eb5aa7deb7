import Conversation
import Synchronization

/// A model in memory, and how many requests use it.
final class ResidentModel: Sendable {
    private struct Use: Sendable {
        var leases = 0
        var lastUsed = ContinuousClock.now
        var isClosing = false
    }

    let service: ConversationService
    let byteCount: Int
    /// Kept for as long as the server runs.
    let isPinned: Bool
    private let closeModel: @Sendable () async -> Void
    private let use = Mutex(Use())

    init(_ model: OpenedModel, memory: TurnMemory, date: CalendarDate, isPinned: Bool) {
        service = ConversationService(model.served, memory: memory, date: date)
        byteCount = model.byteCount
        closeModel = model.close
        self.isPinned = isPinned
    }

    /// When the last request ended, or began; nil while one uses the model, and when it is being closed.
    var idleSince: ContinuousClock.Instant? { use.withLock { $0.leases == 0 && !$0.isClosing ? $0.lastUsed : nil } }

    /// The right to use the model; nil if it is being closed.
    func lease() -> ModelLease? {
        let isGranted = use.withLock { use in
            guard !use.isClosing else { return false }
            use.leases += 1
            return true
        }
        return isGranted ? ModelLease(self) : nil
    }

    fileprivate func release() {
        use.withLock { use in
            use.leases -= 1
            use.lastUsed = .now
        }
    }

    /// Refuses new leases from now on, if there are none now.
    func retire() -> Bool {
        use.withLock { use in
            guard use.leases == 0, !use.isClosing else { return false }
            use.isClosing = true
            return true
        }
    }

    /// Frees the model; only after `retire`.
    func close() async { await closeModel() }
}

/// The right to use a model, for as long as the object lives.
final class ModelLease: Sendable {
    let model: ResidentModel

    fileprivate init(_ model: ResidentModel) {
        self.model = model
    }

    deinit { model.release() }
}
