import NIOCore
import Synchronization

/// Tells whether the client of a connection is still there.
///
/// Hummingbird notices a hang-up only when a write fails, and a request that is being computed writes nothing. The channel
/// handler below sees the end of the inbound stream at once and keeps the connection usable for further requests, which
/// `consumeWithCancellationOnInboundClose` does not.
public final class ClientConnection: Sendable {
    private struct State {
        var isClosed = false
        var nextWatcher = 0
        var watchers: [Int: AsyncStream<Never>.Continuation] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// Whether the client has gone.
    public var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Returns when the client has gone, or when the task is cancelled.
    public func waitUntilClosed() async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        let watcher: Int? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = continuation
            return state.nextWatcher
        }
        guard let watcher else { return }
        for await _ in stream {}
        _ = state.withLock { $0.watchers.removeValue(forKey: watcher) }
    }

    /// Records that the client has gone.
    public func close() {
        let watchers = state.withLock { state in
            state.isClosed = true
            defer { state.watchers = [:] }
            return state.watchers
        }
        for watcher in watchers.values { watcher.finish() }
    }
}

/// Watches a connection for the end of its inbound stream.
public final class ClientConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    public typealias InboundIn = NIOAny
    /// What the requests of this connection look at.
    public let connection = ClientConnection()

    public init() {}

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { connection.close() }
        context.fireUserInboundEventTriggered(event)
    }

    public func channelInactive(context: ChannelHandlerContext) {
        connection.close()
        context.fireChannelInactive()
    }
}

extension ClientConnection {
    /// The state of a channel's connection; one that never closes if the channel has no handler (in-process tests).
    static func of(_ channel: any Channel) async -> ClientConnection {
        let lookUp = channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: ClientConnectionHandler.self).connection
        }
        return (try? await lookUp.get()) ?? ClientConnection()
    }
}
