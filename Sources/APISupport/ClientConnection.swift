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

    /// A connection whose client is there.
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

/// The connections that are open, by their channels.
public final class ClientConnections: Sendable {
    private let connections = Mutex<[ObjectIdentifier: ClientConnection]>([:])

    /// No connections yet.
    public init() {}

    /// A handler that watches one connection, for the end of the channel's pipeline.
    public func makeHandler() -> ClientConnectionHandler { ClientConnectionHandler(self) }

    /// A channel's connection; one that never closes if the channel is not watched (in-process tests).
    func connection(of channel: any Channel) -> ClientConnection {
        connections.withLock { $0[ObjectIdentifier(channel)] } ?? ClientConnection()
    }

    fileprivate func add(_ connection: ClientConnection, of channel: any Channel) {
        connections.withLock { $0[ObjectIdentifier(channel)] = connection }
    }

    fileprivate func remove(_ channel: any Channel) {
        _ = connections.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }
}

/// Watches a connection for the end of its inbound stream.
public final class ClientConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    /// Passed on unread.
    public typealias InboundIn = NIOAny

    private let connections: ClientConnections
    private let connection = ClientConnection()

    init(_ connections: ClientConnections) {
        self.connections = connections
    }

    /// The connection has begun.
    public func handlerAdded(context: ChannelHandlerContext) {
        connections.add(connection, of: context.channel)
    }

    /// The connection is over.
    public func handlerRemoved(context: ChannelHandlerContext) {
        connections.remove(context.channel)
        connection.close()
    }

    /// The client may have closed its side.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { connection.close() }
        context.fireUserInboundEventTriggered(event)
    }

    /// The connection is closed.
    public func channelInactive(context: ChannelHandlerContext) {
        connection.close()
        context.fireChannelInactive()
    }
}
