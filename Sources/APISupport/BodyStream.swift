import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import Synchronization

/// A request's body as it arrives, for handlers that must not hold it in memory. It can be read once.
public struct BodyStream: AsyncSequence, Sendable {
    private let request: Request
    private let channel: any Channel
    private let state: State

    /// What the responder wants to know when the handler is done.
    final class State: Sendable {
        let isBegun = Atomic<Bool>(false)
    }

    init(_ request: Request, _ channel: any Channel, _ state: State) {
        self.request = request
        self.channel = channel
        self.state = state
    }

    /// Tells a client that waits for it to go on, and reads.
    public func makeAsyncIterator() -> Iterator {
        state.isBegun.store(true, ordering: .relaxed)
        if request.isAwaitingGoAhead {
            channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)), promise: nil)
        }
        return Iterator(iterator: request.body.makeAsyncIterator())
    }

    /// Reads a body.
    public struct Iterator: AsyncIteratorProtocol {
        var iterator: RequestBody.AsyncIterator

        /// The next bytes; nil at the end.
        /// - Throws: `ClientGone` if the connection breaks before the body is complete.
        public mutating func next() async throws -> ByteBuffer? {
            do {
                return try await iterator.next()
            } catch {
                throw ClientGone()
            }
        }
    }
}

extension Request {
    /// Whether the client holds its body back until it is told that somebody wants it (RFC 9110, 10.1.1).
    var isAwaitingGoAhead: Bool { headers[.expect]?.lowercased() == "100-continue" }
}
