import APISupport
import Foundation
import Generation
import HTTPTypes
import JSON
import TestSupport
import Testing

@Suite struct InvokeTests {
    private static let hello = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
    private static let metricsName = "amazon-bedrock-invocationMetrics"

    @Test("OpenAI's chat: the model is ACCOUNT-ID, tokens and time are in headers")
    func chat() async throws {
        let server = try TestServer(simpleOutput)
        let path = "/model/\(TestServer.arn)/invoke"
        let answer = try await server.send(.post, path, body: Self.hello + ",\"model\":\"ignored\"}")
        #expect(answer.status == 200, "\(answer.text)")
        let json = try answer.json
        #expect(json["object"]?.stringValue == "chat.completion")
        #expect(json["model"]?.stringValue == "123456789012-demo0000demo")
        let message = try #require(json["choices"]?[0]?["message"])
        #expect(message["content"]?.stringValue == "Hello you!")
        #expect(message["reasoning_content"]?.stringValue == "Think.")
        let usage = try #require(json["usage"])
        #expect(answer.header("X-Amzn-Bedrock-Input-Token-Count") == usage["prompt_tokens"]?.serialized())
        #expect(answer.header("X-Amzn-Bedrock-Output-Token-Count") == usage["completion_tokens"]?.serialized())
        #expect(answer.header("X-Amzn-Bedrock-Invocation-Latency").flatMap { Int($0) } != nil)
        #expect(answer.header("content-type") == "application/json")
    }

    @Test(
        "a model is found by name, by id, by ARN bare and percent-encoded in either case",
        arguments: [
            "demo", "demo0000demo", TestServer.arn,
            TestServer.arn.replacingOccurrences(of: ":", with: "%3A").replacingOccurrences(of: "/", with: "%2F"),
            TestServer.arn.replacingOccurrences(of: ":", with: "%3a").replacingOccurrences(of: "/", with: "%2f"),
        ])
    func names(_ name: String) async throws {
        let server = try TestServer(simpleOutput)
        #expect(try await server.send(.post, "/model/\(name)/invoke", body: Self.hello + "}").status == 200)
    }

    @Test("OpenAI's completion and Llama's dialect are answered in kind")
    func otherDialects() async throws {
        let server = try TestServer("Once upon<|return|>")
        let completion = try await server.call("invoke", "{\"prompt\":\"Tell\",\"max_tokens\":5}").json
        #expect(completion["object"]?.stringValue == "text_completion")
        #expect(completion["choices"]?[0]?["text"]?.stringValue == "Once upon")
        let llama = try await server.call("invoke", "{\"prompt\":\"Tell\",\"max_gen_len\":5}").json
        #expect(
            llama == [
                "generation": "Once upon", "prompt_token_count": 1, "generation_token_count": 3, "stop_reason": "stop",
            ])
        #expect(server.generator.requests.last?.sampling.temperature == 0.5)
        let cut = try await server.call("invoke", "{\"prompt\":\"Tell\",\"max_gen_len\":1}").json
        #expect(cut["stop_reason"]?.stringValue == "length")
    }

    @Test("chunks are OpenAI's objects; the last one, and no other, has the metrics")
    func stream() async throws {
        let server = try TestServer(simpleOutput)
        let answer = try await server.call("invoke-with-response-stream", Self.hello + "}")
        #expect(answer.header("X-Amzn-Bedrock-Content-Type") == "application/json")
        let chunks = try answer.chunks()
        #expect(chunks.allSatisfy { $0["object"]?.stringValue == "chat.completion.chunk" })
        let deltas = chunks.compactMap { $0["choices"]?[0]?["delta"] }
        #expect(deltas.first?["role"]?.stringValue == "assistant")
        #expect(deltas.compactMap { $0["content"]?.stringValue }.joined() == "Hello you!")
        #expect(deltas.compactMap { $0["reasoning_content"]?.stringValue }.joined() == "Think.")
        #expect(chunks.last?["choices"]?[0]?["finish_reason"]?.stringValue == "stop")
        #expect(chunks.dropLast().allSatisfy { $0[Self.metricsName] == nil })
        let metrics = try #require(chunks.last?[Self.metricsName])
        let whole = try await server.call("invoke", Self.hello + "}").json
        #expect(metrics["inputTokenCount"] == whole["usage"]?["prompt_tokens"])
        #expect(metrics["outputTokenCount"] == whole["usage"]?["completion_tokens"])
        let first = try #require(metrics["firstByteLatency"]?.intValue)
        #expect(first <= metrics["invocationLatency"]?.intValue ?? -1)
    }

    @Test("with several answers and with usage, too, only the last chunk has the metrics")
    func lastChunk() async throws {
        let server = try TestServer(simpleOutput)
        for fields in [",\"n\":3}", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"] {
            let chunks = try await server.call("invoke-with-response-stream", Self.hello + fields).chunks()
            #expect(chunks.count { $0[Self.metricsName] != nil } == 1)
            #expect(chunks.last?[Self.metricsName]?["outputTokenCount"]?.intValue ?? 0 > 0)
        }
    }

    @Test("the other dialects are streamed, too")
    func otherStreams() async throws {
        let server = try TestServer("Once upon<|return|>")
        let operation = "invoke-with-response-stream"
        let completion = try await server.call(operation, "{\"prompt\":\"Tell\",\"max_tokens\":5}").chunks()
        #expect(completion.compactMap { $0["choices"]?[0]?["text"]?.stringValue }.joined() == "Once upon")
        let llama = try await server.call(operation, "{\"prompt\":\"Tell\",\"max_gen_len\":5}").chunks()
        #expect(llama.compactMap { $0["generation"]?.stringValue }.joined() == "Once upon")
        #expect(llama.last?["stop_reason"]?.stringValue == "stop")
        #expect(llama.last?[Self.metricsName]?["outputTokenCount"]?.intValue == 3)
    }

    @Test("an engine that fails ends the stream with an exception frame")
    func failure() async throws {
        let server = try TestServer(
            scripts: [.init([200_005, 17_196, 200_008, 13_225], failure: .failed("no pages left"))])
        let frames = try await server.call("invoke-with-response-stream", Self.hello + "}").frames()
        let last = try #require(frames.last)
        #expect(last.headers[":message-type"] == "exception")
        #expect(last.headers[":exception-type"] == "modelStreamErrorException")
        #expect(try last.json["message"]?.stringValue == "no pages left")
    }

    @Test(
        "what is wrong with a body or a header is said",
        arguments: [
            ("invoke", "{}", "messages"), ("invoke", "[1]", "object"), ("invoke", "{", "JSON"),
            ("invoke", "{\"messages\":[]}", "messages"), ("invoke", hello + ",\"max_tokens\":0}", "max_tokens"),
            ("invoke", hello + ",\"stream\":true}", "InvokeModelWithResponseStream"),
            ("invoke-with-response-stream", hello + ",\"stream\":false}", "InvokeModel"),
            ("invoke", "{\"prompt\":\"\",\"max_gen_len\":4}", "prompt"),
            ("invoke", "{\"prompt\":\"x\",\"max_gen_len\":4,\"temperature\":2}", "temperature"),
            ("invoke", hello + ",\"max_tokens\":10000000}", "too long"),
        ])
    func wrongBodies(_ operation: String, _ body: String, _ text: String) async throws {
        let server = try TestServer(simpleOutput)
        try await server.call(operation, body).expectError(400, "ValidationException", contains: text)
    }

    @Test("guardrails and other media types are refused; JSON by any name passes")
    func headers() async throws {
        let server = try TestServer(simpleOutput)
        let body = Self.hello + "}"
        for (name, value) in [
            ("X-Amzn-Bedrock-GuardrailIdentifier", "g"), ("content-type", "text/plain"), ("accept", "image/png"),
        ] {
            let name = try #require(HTTPField.Name(name))
            try await server.call("invoke", body, headers: [name: value]).expectError(400, "ValidationException")
        }
        for value in ["*/*", "application/json; charset=utf-8", "text/html, application/json"] {
            #expect(try await server.call("invoke", body, headers: [.accept: value]).status == 200)
        }
    }
}
