import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Synchronization

/// The body of one request: read whole, handed to a handler that streams it, or discarded when the request is refused.
struct BodyReader {
    private let request: Request
    private let channel: any Channel
    private let state = BodyStream.State()

    /// How long a refused client's upload is read on.
    private static let patience = Duration.seconds(5)

    init(_ request: Request, _ channel: any Channel) {
        self.request = request
        self.channel = channel
    }

    /// The body as it arrives; take it once.
    func stream() -> BodyStream { BodyStream(request, channel, state) }

    /// The body's bytes.
    /// - Throws: `RequestError.bodyTooLarge`, or `ClientGone` if the connection breaks before the body is complete.
    func collect(upTo limit: Int) async throws -> [UInt8] {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw RequestError.bodyTooLarge(limit: limit)
        }
        var bytes: [UInt8] = []
        for try await part in stream() {
            guard bytes.count + part.readableBytes <= limit else { throw RequestError.bodyTooLarge(limit: limit) }
            bytes += part.readableBytesView
        }
        return bytes
    }

    /// Whether the client still holds a body back. What it sends next on this connection could be that or another request: nobody can
    /// tell, so the connection has to end with the answer.
    var isHeldBack: Bool {
        request.isAwaitingGoAhead && !state.isBegun.load(ordering: .relaxed) && request.headers[.contentLength] != "0"
    }

    /// Reads on what a refused client still sends, for a while: clients read the answer only when they have sent everything,
    /// and a connection closed before that is reset under it (RFC 9112, 9.6).
    ///
    /// A body can be iterated once: what a handler has begun to read the server itself reads on, behind the answer.
    func discard() async {
        guard !state.isBegun.load(ordering: .relaxed), !request.isAwaitingGoAhead else { return }
        let body = request.body
        await withTaskGroup(of: Void.self) { group in
            group.addTask { do { for try await _ in body {} } catch {} }
            group.addTask { try? await Task.sleep(for: Self.patience) }
            await group.next()
            group.cancelAll()
        }
    }
}
