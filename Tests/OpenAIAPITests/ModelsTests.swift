import HTTPTypes
import JSON
import TestSupport
import Testing
import Tokenizer

@Suite struct ModelsTests {
    @Test("models are listed under all their names")
    func models() async throws {
        let server = try TestServer("a<|return|>")
        let json = try await server.send(.get, "/v1/models").json
        #expect(json["object"]?.stringValue == "list")
        #expect(json["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == ["demo", "org/alias"])
        let model = try await server.send(.get, "/v1/models/demo").json
        #expect(
            model == [
                "id": "demo", "object": "model", "created": 1_700_000_000, "owned_by": "outcrop", "root": "demo",
                "parent": nil, "max_model_len": 4096,
            ])
        for path in ["/v1/models/org/alias", "/v1/models/org%2Falias"] {
            #expect(try await server.send(.get, path).json["id"]?.stringValue == "org/alias")
        }
        let head = try await server.send(.head, "/v1/models")
        #expect(head.status == 200 && head.text.isEmpty)
    }

    @Test("text and conversations become tokens, and tokens text")
    func tokenize() async throws {
        let server = try TestServer("a<|return|>")
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let json = try await server.post("/tokenize", "{\"prompt\":\"Hello <|end|>\",\"return_token_strs\":true}").json
        let ids = tokenizer.encodeOrdinary("Hello ") + [200_007]
        #expect(json["tokens"]?.arrayValue?.compactMap(\.intValue) == ids.map(Int.init))
        #expect(json["count"]?.intValue == ids.count)
        #expect(json["max_model_len"]?.intValue == 4096)
        #expect(json["token_strs"]?.arrayValue?.last?.stringValue == "<|end|>")
        let chat = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
        let with = try await server.post("/tokenize", chat + "}").json["count"]?.intValue ?? 0
        let without = try await server.post("/tokenize", chat + ",\"add_generation_prompt\":false}").json["count"]?
            .intValue
        #expect(without == with - 2)
        let text = try await server.post("/detokenize", "{\"tokens\":\(ids)}").json
        #expect(text == ["prompt": "Hello <|end|>"])
        try await server.post("/detokenize", "{\"tokens\":[1,300000000000]}")
            .expectError(400, "invalid_value", parameter: "tokens[1]")
        try await server.post("/tokenize", "{}").expectError(400, "missing_required_parameter", parameter: "prompt")
        #expect(try await server.send(.get, "/tokenizer_info").json["eos_token"]?.stringValue == "<|return|>")
    }

    @Test("metrics count requests, tokens and latencies")
    func metrics() async throws {
        let server = try TestServer(simpleOutput)
        _ = try await server.chat()
        _ = try await server.chat(",\"n\":0")
        let text = try await server.send(.get, "/metrics").text
        for line in [
            "outcrop_http_requests_total{method=\"POST\",route=\"/v1/chat/completions\",code=\"200\"} 1",
            "outcrop_http_requests_total{method=\"POST\",route=\"/v1/chat/completions\",code=\"400\"} 1",
            "vllm:request_success_total{model_name=\"demo\",engine=\"0\",finished_reason=\"stop\"} 1",
            "# TYPE vllm:time_to_first_token_seconds histogram",
            "vllm:request_generation_tokens_bucket{model_name=\"demo\",engine=\"0\",le=\"20\"} 1",
            "vllm:request_generation_tokens_sum{model_name=\"demo\",engine=\"0\"} 15",
        ] {
            #expect(text.contains(line + "\n"), "\(line)\n\(text)")
        }
    }
}
