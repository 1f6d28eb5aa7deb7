import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Turns the events of one answer into the bytes of a stream, such as `text/event-stream`.
public protocol EventEncoder<Event>: Sendable {
    /// What is encoded.
    associatedtype Event: Sendable
    /// What is sent before anything has happened.
    mutating func begin() -> [UInt8]
    /// What is sent for an event; may be empty.
    mutating func encode(_ event: Event, source: Int) -> [UInt8]
    /// What is sent when nothing has happened for a while, so that the connection stays alive: what readers skip.
    mutating func silence() -> [UInt8]
    /// What is sent when all sources have ended.
    mutating func end() -> [UInt8]
    /// What is sent, and then nothing more, when a source failed.
    mutating func fail(_ error: any Error) -> [UInt8]
}

extension EventEncoder {
    /// A comment of `text/event-stream`.
    public mutating func silence() -> [UInt8] { Array(": keep-alive\n\n".utf8) }
}

extension Response {
    /// An answer that is written event by event, the first at once, with something whenever nothing happened for a while.
    ///
    /// - Parameter headers: say which kind of stream it is.
    public static func eventStream<Encoder: EventEncoder>(
        _ stream: EventStream<Encoder.Event>, encoder: Encoder,
        headers: HTTPFields = [.contentType: "text/event-stream; charset=utf-8"]
    ) -> Response {
        let body = ResponseBody { writer in
            var encoder = encoder
            do {
                try await writer.write(ByteBuffer(bytes: encoder.begin()))
                try await stream.forEach { item in
                    let bytes: [UInt8] =
                        switch item {
                        case .event(let event, let source): encoder.encode(event, source: source)
                        case .silence: encoder.silence()
                        }
                    if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
                }
                try await writer.write(ByteBuffer(bytes: encoder.end()))
            } catch is ClientGone {
                throw ClientGone()
            } catch {
                let cause: any Error = error is CancellationError ? RequestError.shuttingDown : error
                try await writer.write(ByteBuffer(bytes: encoder.fail(cause)))
            }
            try await writer.finish(nil)
        }
        var headers = headers
        headers[.cacheControl] = "no-cache"
        headers[.xAccelBuffering] = "no"
        return Response(status: .ok, headers: headers, body: body)
    }
}

extension HTTPField.Name {
    /// The client's or the server's name of a request.
    public static let xRequestID = constant("x-request-id")
    /// The same in AWS' name.
    static let xAmznRequestID = constant("x-amzn-RequestId")
    /// What a request asked for that has no effect.
    public static let outcropWarning = constant("x-outcrop-warning")
    /// Another way to send a key.
    static let xAPIKey = constant("x-api-key")
    /// Tells nginx not to hold an event stream back.
    static let xAccelBuffering = constant("x-accel-buffering")

    private static func constant(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is a valid field name") }
        return field
    }
}
