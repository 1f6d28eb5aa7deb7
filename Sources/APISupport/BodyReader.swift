import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// The body of one request: read whole by a handler's route, or discarded when the request is refused before.
struct BodyReader {
    private let request: Request
    private let channel: any Channel
    private let limit: Int
    private var isUnread = true

    /// How long a refused client's upload is read on.
    private static let patience = Duration.seconds(5)

    init(_ request: Request, _ channel: any Channel, limit: Int) {
        self.request = request
        self.channel = channel
        self.limit = limit
    }

    /// The body's bytes.
    /// - Throws: `RequestError.bodyTooLarge`, or `ClientGone` if the connection breaks before the body is complete.
    mutating func collect() async throws -> [UInt8] {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw RequestError.bodyTooLarge(limit: limit)
        }
        isUnread = false
        if isAwaitingGoAhead {
            // RFC 9110, 10.1.1: the client holds its body back until it is told that somebody wants it.
            channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)), promise: nil)
        }
        do {
            return Array(buffer: try await request.body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw RequestError.bodyTooLarge(limit: limit)
        } catch {
            throw ClientGone()
        }
    }

    /// Reads on what a refused client still sends, for a while: clients read the answer only when they have sent everything,
    /// and a connection closed before that is reset under it (RFC 9112, 9.6).
    mutating func discard() async {
        guard isUnread, !isAwaitingGoAhead else { return }
        isUnread = false
        let body = request.body
        await withTaskGroup(of: Void.self) { group in
            group.addTask { do { for try await _ in body {} } catch {} }
            group.addTask { try? await Task.sleep(for: Self.patience) }
            await group.next()
            group.cancelAll()
        }
    }

    private var isAwaitingGoAhead: Bool { request.headers[.expect]?.lowercased() == "100-continue" }
}
