import APISupport
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import NIOCore
import TestSupport
import Testing

/// Over a real connection: what only shows there.
@Suite struct LiveTests {
    private static let question = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"

    /// Waits until nothing is generated any more.
    private func expectIdle(
        _ server: TestServer, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        for _ in 0..<400 where server.generator.running > 0 || server.state.requestsInProgress > 0 {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(server.generator.running == 0, sourceLocation: location)
        #expect(server.state.requestsInProgress == 0, sourceLocation: location)
    }

    @Test("one connection serves many requests, whole and streamed", .timeLimit(.minutes(1)))
    func keepAlive() async throws {
        let server = try TestServer(simpleOutput)
        try await server.application.test(.live) { client in
            for index in 0..<6 {
                let body = Self.question + (index % 2 == 0 ? "}" : ",\"stream\":true}")
                let response = try await client.executeRequest(
                    uri: "/v1/chat/completions", method: .post, headers: [:], body: ByteBuffer(string: body))
                #expect(response.status == .ok)
                #expect(String(buffer: response.body).contains(index % 2 == 0 ? "Hello you!" : "[DONE]"))
            }
        }
        try await expectIdle(server)
    }

    @Test(
        "a client that hangs up cancels the generation, during prefill and while tokens come", .timeLimit(.minutes(1)),
        arguments: ["}", ",\"stream\":true}", ",\"n\":3}"], [true, false])
    func hangUp(_ end: String, _ isPrefilling: Bool) async throws {
        let script =
            isPrefilling
            ? ScriptedGenerator.Script([200_005], prefill: .seconds(600))
            : ScriptedGenerator.Script(
                [200_005, 17_196, 200_008, 13_225], delay: .milliseconds(2), isEndless: true)
        let server = try TestServer(scripts: [script])
        try await server.application.test(.live) { client in
            let port = try #require(client.port)
            let other = TestClient(host: "127.0.0.1", port: port)
            other.connect()
            try await other.executeAndDontWaitForResponse(
                .init("/v1/chat/completions", method: .post, body: ByteBuffer(string: Self.question + end)))
            while server.generator.running == 0 { try await Task.sleep(for: .milliseconds(2)) }
            try await Task.sleep(for: .milliseconds(20))
            try await other.close(mode: .all)
            try await expectIdle(server)
            #expect(server.generator.cancelled.count == server.generator.requests.count)
            let metrics = server.metrics.exposition()
            for line in [
                "vllm:request_success_total{model_name=\"demo\",engine=\"0\",finished_reason=\"abort\"}",
                "vllm:request_prompt_tokens_count{model_name=\"demo\",engine=\"0\"}",
                "vllm:request_generation_tokens_count{model_name=\"demo\",engine=\"0\"}",
            ] {
                #expect(metrics.contains("\(line) \(server.generator.requests.count)\n"), "\(line)")
            }
        }
    }

    @Test("a comment keeps a silent stream alive, and the role comes at once", .timeLimit(.minutes(1)))
    func comments() async throws {
        let server = try TestServer(
            scripts: [.init([200_005], prefill: .seconds(600))], keepAlive: .milliseconds(50))
        let text = try await server.application.test(.live) { client in
            try await RawClient.send(RawClient.chat(",\"stream\":true"), port: #require(client.port)) {
                $0.components(separatedBy: ": keep-alive\n\n").count > 3
            }
        }
        let role = try #require(text.range(of: "\"role\":\"assistant\""))
        let comment = try #require(text.range(of: ": keep-alive"))
        #expect(role.upperBound < comment.lowerBound)
        try await expectIdle(server)
    }

    @Test("requests run side by side", .timeLimit(.minutes(1)))
    func sideBySide() async throws {
        let server = try TestServer(
            scripts: [.init([200_005, 17_196, 200_008, 13_225, 200_002], company: 8)])
        try await server.application.test(.live) { client in
            let port = try #require(client.port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await TestClient.withClient(host: "127.0.0.1", port: port) { client in
                            let response = try await client.post(
                                "/v1/chat/completions", body: ByteBuffer(string: Self.question + "}"))
                            #expect(response.status == .ok)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
