import Synchronization

/// The client hung up: nobody reads the answer any more.
public struct ClientGone: Error, Sendable {}

/// Several sources of events merged for one answer, which ends early when the client goes away.
///
/// Every source runs as a child task of the reader; when one fails, or the client leaves, the others are cancelled.
public struct EventStream<Event: Sendable>: Sendable {
    /// Produces events until it returns.
    public typealias Source = @Sendable (_ emit: @Sendable (Event) -> Void) async throws -> Void

    /// What the reader gets.
    public enum Item: Sendable {
        /// The next event of the source with this index.
        case event(Event, source: Int)
        /// Nothing has happened for a while.
        case silence
    }

    private enum Feed: Sendable {
        case event(Event, source: Int)
        case tick
        case ended
    }

    private let sources: [Source]
    private let connection: ClientConnection
    private let silence: Duration?

    /// - Parameters:
    ///   - silence: report when nothing has happened for about this long; nil never does.
    public init(_ sources: [Source], connection: ClientConnection, silence: Duration? = nil) {
        self.sources = sources
        self.connection = connection
        self.silence = silence
    }

    /// Calls a closure for every item, one at a time.
    ///
    /// - Throws: the first error of a source; `ClientGone`; `CancellationError` if the server cancels the request.
    public func forEach(_ body: (Item) async throws -> Void) async throws {
        let (feed, continuation) = AsyncThrowingStream<Feed, any Error>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            addWatchers(to: &group, continuation)
            for (index, source) in sources.enumerated() {
                group.addTask {
                    do {
                        try await source { continuation.yield(.event($0, source: index)) }
                        continuation.yield(.ended)
                    } catch {
                        continuation.finish(throwing: error)
                    }
                }
            }
            try await read(feed, body)
            group.cancelAll()
        }
    }

    private func addWatchers(
        to group: inout ThrowingTaskGroup<Void, any Error>,
        _ continuation: AsyncThrowingStream<Feed, any Error>.Continuation
    ) {
        group.addTask { [connection] in
            await connection.waitUntilClosed()
            continuation.finish(throwing: ClientGone())
        }
        guard let silence else { return }
        group.addTask {
            while !Task.isCancelled {
                // Why half: a silence is noticed one to two ticks after the last event.
                try? await Task.sleep(for: silence / 2)
                continuation.yield(.tick)
            }
        }
    }

    private func read(
        _ feed: AsyncThrowingStream<Feed, any Error>, _ body: (Item) async throws -> Void
    ) async throws {
        var open = sources.count
        var wasActive = true
        for try await item in feed {
            switch item {
            case .event(let event, let source):
                wasActive = true
                try await body(.event(event, source: source))
            case .tick:
                if !wasActive { try await body(.silence) }
                wasActive = false
            case .ended:
                open -= 1
                if open == 0 { return }
            }
        }
        throw CancellationError()
    }
}
