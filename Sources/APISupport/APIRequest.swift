import AWSProtocol
import HTTPTypes
import Hummingbird
import Logging

/// A request as a route's handler gets it: identified, allowed, its body collected.
public struct APIRequest: Sendable {
    /// The request's id.
    public var id: RequestIdentifier
    /// Method, path and header fields.
    public var head: HTTPRequest
    /// The path's variable parts, percent-decoded.
    public var parameters: [String: String]
    /// The body; empty where it is streamed.
    public var body: [UInt8]
    /// The body as it arrives, for handlers that stream it.
    public var upload: BodyStream?
    /// Who asks, and what they may do.
    public var caller: Caller
    /// What the chunks of a streamed body are verified with; nil where nothing is verified.
    public var chunkSigning: ChunkSigning?
    /// What lives until the answer is written.
    public var scope: RequestScope
    /// Whether the client is still there.
    public var connection: ClientConnection
    /// Adds the request's id to what it logs.
    public var logger: Logger

    /// A request that is ready to be handled.
    public init(
        id: RequestIdentifier, head: HTTPRequest, parameters: [String: String] = [:], body: [UInt8] = [],
        caller: Caller = .anyone, connection: ClientConnection = ClientConnection(),
        scope: RequestScope = RequestScope(), logger: Logger
    ) {
        self.id = id
        self.head = head
        self.parameters = parameters
        self.body = body
        self.caller = caller
        self.connection = connection
        self.scope = scope
        self.logger = logger
    }
}

extension APIRequest {
    /// The query's items in their order, percent-decoded; an item without `=` has an empty value. Bytes that are not UTF-8 become
    /// U+FFFD.
    public var query: [(name: String, value: String)] {
        let bytes = Array((head.path ?? "").utf8)
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        let text = bytes[(mark + 1)...].prefix { $0 != UInt8(ascii: "#") }
        return text.split(separator: UInt8(ascii: "&")).map { item in
            let name = item.prefix { $0 != UInt8(ascii: "=") }
            let value = item.dropFirst(name.count + 1)
            return (
                String(decoding: PercentEncoding.decode(name), as: UTF8.self),
                String(decoding: PercentEncoding.decode(value), as: UTF8.self)
            )
        }
    }
}

extension Response {
    /// A whole JSON answer.
    public static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response
    {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A whole plain-text answer.
    public static func text(_ text: String, contentType: String = "text/plain; charset=utf-8") -> Response {
        Response(status: .ok, headers: [.contentType: contentType], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
