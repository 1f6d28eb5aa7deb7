import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// An HTTP server that answers byte by byte what a test tells it to, also what no server should.
final class FaultServer: Sendable {
    /// A request as it came.
    struct Request: Sendable {
        var method: String
        /// Path and query, as on the wire.
        var target: String
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name }?.value
        }

        /// The value of a field of a query or of a form, decoded.
        func field(_ name: String) -> String? {
            let query = target.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
            let fields = query.split(separator: "&") + String(decoding: body, as: UTF8.self).split(separator: "&")
            let field = fields.first { $0.hasPrefix(name + "=") }
            return field?.dropFirst(name.count + 1).removingPercentEncoding
        }
    }

    /// What to send, and when.
    enum Step: Sendable {
        case send([UInt8])
        case pause(Duration)
        /// Closes the connection; otherwise it waits for the next request.
        case close
    }

    typealias Handler = @Sendable (Request) async -> [Step]

    let port: Int
    private let received = Mutex<[Request]>([])
    private let handler: Handler

    private init(port: Int, handler: @escaping Handler) {
        self.port = port
        self.handler = handler
    }

    /// All requests so far.
    var requests: [Request] { received.withLock { $0 } }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Serves on a port of its own while `body` runs.
    static func run<Value: Sendable>(
        _ handler: @escaping Handler, _ body: @Sendable (FaultServer) async throws -> Value
    ) async throws -> Value {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let server = FaultServer(port: listener.channel.localAddress?.port ?? 0, handler: handler)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await withThrowingDiscardingTaskGroup { connections in
                    try await listener.executeThenClose { inbound in
                        for try await connection in inbound {
                            connections.addTask { try? await server.serve(connection) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(server)
        }
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var bytes: [UInt8] = []
            for try await buffer in inbound {
                bytes += Array(buffer.readableBytesView)
                while let request = Self.takeRequest(&bytes) {
                    received.withLock { $0.append(request) }
                    for step in await handler(request) {
                        switch step {
                        case .send(let bytes): try await outbound.write(ByteBuffer(bytes: bytes))
                        case .pause(let duration): try await Task.sleep(for: duration)
                        case .close: return
                        }
                    }
                }
            }
        }
    }

    /// Takes a whole request from the front of what came.
    private static func takeRequest(_ bytes: inout [UInt8]) -> Request? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.utf8.firstRange(of: "\r\n\r\n".utf8) else { return nil }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (name: String(parts[0]), value: parts[1].trimmingCharacters(in: .whitespaces))
        }
        let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        let headCount = text.utf8.distance(from: text.startIndex, to: end.upperBound)
        guard bytes.count >= headCount + length else { return nil }
        let request = Request(
            method: String(words[0]), target: String(words[1]), headers: headers,
            body: Array(bytes[headCount..<headCount + length]))
        bytes.removeFirst(headCount + length)
        return request
    }
}

extension [FaultServer.Step] {
    /// A whole answer.
    /// - Parameters:
    ///   - length: what `content-length` says; nil for the truth.
    static func answer(
        _ status: Int, _ headers: [(String, String)] = [], body: [UInt8] = [], length: Int? = nil
    ) -> [FaultServer.Step] {
        [.head(status, headers, length: length ?? body.count), .send(body)]
    }

    /// An error of S3.
    static func refusal(
        _ status: Int, _ code: String, _ message: String = "Because.", headers: [(String, String)] = [],
        region: String = ""
    ) -> [FaultServer.Step] {
        let region = region.isEmpty ? "" : "<Region>\(region)</Region>"
        let text = "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(message)</Message>\(region)</Error>"
        return answer(status, headers, body: [UInt8](text.utf8))
    }
}

extension FaultServer.Step {
    /// The head of an answer.
    static func head(_ status: Int, _ headers: [(String, String)], length: Int) -> FaultServer.Step {
        var text = "HTTP/1.1 \(status) Status\r\ncontent-length: \(length)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return .send(Array((text + "\r\n").utf8))
    }
}
