import NIOCore
import NIOPosix

/// A connection that writes and reads bytes: what a client sees, unabridged.
public enum RawClient {
    /// Sends a request and returns all that comes until the server closes or `isEnough` says so.
    public static func send(
        _ request: String, port: Int, until isEnough: @escaping @Sendable (String) -> Bool = { _ in false }
    ) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var text = ""
            for try await buffer in inbound {
                text += String(buffer: buffer)
                if isEnough(text) { break }
            }
            return text
        }
    }

    /// A request for one chat answer, on a connection that the server closes behind it.
    public static func chat(_ fields: String = "") -> String {
        let body = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]\(fields)}"
        return "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// A request for a path, on a connection that the server closes behind it.
    public static func get(_ path: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    }
}
