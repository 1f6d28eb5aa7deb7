import APISupport
import Foundation
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

/// Over a real connection: what only shows there.
@Suite struct LiveTests {
    @Test(
        "a client that hangs up cancels the generation", .timeLimit(.minutes(1)),
        arguments: ["converse", "converse-stream", "invoke-with-response-stream"])
    func hangUp(_ operation: String) async throws {
        let server = try TestServer(
            scripts: [.init([200_005, 17_196, 200_008, 13_225], delay: .milliseconds(2), isEndless: true)])
        let body =
            operation.hasPrefix("converse") ? question() : "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
        try await server.application.test(.live) { client in
            let other = TestClient(host: "127.0.0.1", port: try #require(client.port))
            other.connect()
            try await other.executeAndDontWaitForResponse(
                .init("/model/demo/\(operation)", method: .post, body: ByteBuffer(string: body)))
            while server.generator.running == 0 { try await Task.sleep(for: .milliseconds(2)) }
            try await Task.sleep(for: .milliseconds(20))
            try await other.close(mode: .all)
            for _ in 0..<400 where server.generator.running > 0 || server.state.requestsInProgress > 0 {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(server.generator.running == 0 && server.state.requestsInProgress == 0)
            #expect(server.generator.cancelled.count == 1)
        }
    }

    @Test(
        "a silent stream sends events that clients skip, and its first frame at once", .timeLimit(.minutes(1)),
        arguments: ["converse-stream", "invoke-with-response-stream"])
    func silence(_ operation: String) async throws {
        let server = try TestServer(
            scripts: [.init([200_005], prefill: .seconds(600))], keepAlive: .milliseconds(50))
        let body =
            operation.hasPrefix("converse") ? question() : "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
        try await server.application.test(.live) { client in
            let request =
                "POST /model/demo/\(operation) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            let text = try await RawClient.send(request, port: #require(client.port)) {
                $0.components(separatedBy: "keepAlive").count > 3
            }
            let first = try #require(text.range(of: operation.hasPrefix("converse") ? "messageStart" : "chunk"))
            let silence = try #require(text.range(of: "keepAlive"))
            #expect(first.upperBound < silence.lowerBound)
        }
    }

    @Test("frames leave one by one, in chunks without a known length", .timeLimit(.minutes(1)))
    func flushed() async throws {
        let server = try TestServer(scripts: [.init([200_005], prefill: .seconds(600))])
        try await server.application.test(.live) { client in
            let head =
                "POST /model/demo/converse-stream HTTP/1.1\r\nHost: x\r\nContent-Length: \(question().utf8.count)\r\n\r\n"
            let text = try await RawClient.send(head + question(), port: #require(client.port)) {
                $0.contains("messageStart")
            }
            #expect(text.lowercased().contains("transfer-encoding: chunked"))
        }
    }
}
