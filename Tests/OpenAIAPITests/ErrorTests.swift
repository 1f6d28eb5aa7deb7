import APISupport
import Generation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import TestSupport
import Testing

@Suite struct ErrorTests {
    @Test(
        "a wrong field is named",
        arguments: [
            ("\"temperature\":2.5", "temperature", "invalid_value"),
            ("\"temperature\":\"hot\"", "temperature", "invalid_type"),
            ("\"top_p\":1.1", "top_p", "invalid_value"), ("\"n\":0", "n", "invalid_value"),
            ("\"n\":1.5", "n", "invalid_type"),
            ("\"max_tokens\":0", "max_tokens", "invalid_value"), ("\"max_tokens\":-1", "max_tokens", "invalid_value"),
            ("\"max_tokens\":1e999", "max_tokens", "invalid_type"), ("\"stream\":1", "stream", "invalid_type"),
            ("\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "stop", "invalid_value"),
            ("\"stop\":\"\"", "stop", "invalid_value"),
            ("\"stop\":[1]", "stop[0]", "invalid_type"), ("\"logit_bias\":{\"x\":1}", "logit_bias", "invalid_value"),
            ("\"logit_bias\":{\"5\":101}", "logit_bias.5", "invalid_value"),
            ("\"logit_bias\":[]", "logit_bias", "invalid_type"),
            ("\"top_logprobs\":1", "top_logprobs", nil),
            ("\"logprobs\":true,\"top_logprobs\":21", "top_logprobs", "invalid_value"),
            ("\"reasoning_effort\":\"extreme\"", "reasoning_effort", "invalid_value"),
            ("\"reasoning\":{\"effort\":\"x\"}", "reasoning.effort", "invalid_value"),
            ("\"response_format\":{\"type\":\"json_object\"}", "response_format", "unsupported_value"),
            ("\"response_format\":{}", "response_format.type", "missing_required_parameter"),
            ("\"tools\":[{\"type\":\"function\"}]", "tools[0].function", "missing_required_parameter"),
            ("\"tools\":[{\"type\":\"web_search\"}]", "tools[0].type", "unsupported_value"),
            ("\"tools\":{}", "tools", "invalid_type"), ("\"tool_choice\":\"required\"", "tool_choice", nil),
            ("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", "tool_choice", nil),
            ("\"tool_choice\":\"sometimes\"", "tool_choice", "invalid_value"),
            ("\"functions\":[]", "functions", "unsupported_value"),
            ("\"stream_options\":{\"include_usage\":true}", "stream_options", nil),
            ("\"conversation_date\":\"tomorrow\"", "conversation_date", "invalid_value"),
            ("\"seed\":1.5", "seed", "invalid_type"), ("\"min_p\":-0.1", "min_p", "invalid_value"),
        ] as [(String, String, String?)])
    func wrongField(_ field: String, _ parameter: String, _ code: String?) async throws {
        try await TestServer(simpleOutput).chat("," + field).expectError(400, code, parameter: parameter)
    }

    @Test(
        "a wrong message is named",
        arguments: [
            ("{}", "messages", "missing_required_parameter"), ("{\"messages\":[]}", "messages", "invalid_value"),
            ("{\"messages\":\"Hi\"}", "messages", "invalid_type"),
            ("{\"messages\":[1]}", "messages[0]", "invalid_type"),
            ("{\"messages\":[{}]}", "messages[0].role", "missing_required_parameter"),
            ("{\"messages\":[{\"role\":\"robot\",\"content\":\"x\"}]}", "messages[0].role", "invalid_value"),
            ("{\"messages\":[{\"role\":\"user\"}]}", "messages[0].content", "missing_required_parameter"),
            ("{\"messages\":[{\"role\":\"user\",\"content\":5}]}", "messages[0].content", "invalid_type"),
            (
                "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]}",
                "messages[0].content[0].type", "unsupported_value"
            ),
            (
                "{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}", "messages[0].tool_call_id",
                "missing_required_parameter"
            ),
            (
                "{\"messages\":[{\"role\":\"tool\",\"content\":\"x\",\"tool_call_id\":\"c\"}]}",
                "messages[0].tool_call_id", nil
            ),
            (
                "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{}}]}]}",
                "messages[0].tool_calls[0].function.name", "missing_required_parameter"
            ),
        ] as [(String, String, String?)])
    func wrongMessage(_ body: String, _ parameter: String, _ code: String?) async throws {
        try await TestServer(simpleOutput).post("/v1/chat/completions", body)
            .expectError(400, code, parameter: parameter)
    }

    @Test("what is no JSON object is refused", arguments: ["", "{", "[1]", "null", "\"x\"", "{\"a\":1}}", "\u{0}"])
    func notJSON(_ body: String) async throws {
        try await TestServer(simpleOutput).post("/v1/chat/completions", body).expectError(400, nil)
    }

    @Test("a half surrogate in a message is no error")
    func loneSurrogate() async throws {
        let answer = try await TestServer(simpleOutput).post(
            "/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\\ud83d b\"}]}")
        #expect(answer.status == 200)
    }

    @Test(
        "deep nesting is taken up to a limit and refused beyond it",
        arguments: [(100, 200), (130, 400), (100_000, 400)])
    func nesting(_ depth: Int, _ status: Int) async throws {
        let open = String(repeating: "{\"type\":\"array\",\"items\":", count: depth)
        let schema = open + "{\"type\":\"string\"}" + String(repeating: "}", count: depth)
        let answer = try await TestServer(simpleOutput, bodyLimit: 8 << 20).chat(
            ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":\(schema)}}]")
        #expect(answer.status == status)
    }

    @Test("models, routes and methods that do not exist")
    func notFound() async throws {
        let server = try TestServer(simpleOutput)
        try await server.post("/v1/chat/completions", "{\"model\":\"gpt-9\",\"messages\":[]}")
            .expectError(404, "model_not_found", parameter: "model", contains: "'gpt-9'")
        try await server.post("/v1/chat/completions", "{\"model\":5,\"messages\":[]}")
            .expectError(400, "invalid_type", parameter: "model")
        try await server.send(.get, "/v1/models/nope").expectError(404, "model_not_found", parameter: "model")
        try await server.send(.get, "/v2/x").expectError(404, "unknown_url", contains: "GET /v2/x")
        let wrong = try await server.send(.get, "/v1/chat/completions")
        try wrong.expectError(405, "method_not_allowed", contains: "POST")
        #expect(wrong.headers[.allow] == "POST")
    }

    @Test("a context that is too short is OpenAI's error with its numbers")
    func contextLength() async throws {
        let server = try TestServer(simpleOutput)
        let long = String(repeating: "word ", count: 5000)
        try await server.post("/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"\(long)\"}]}")
            .expectError(
                400, "context_length_exceeded", parameter: "messages",
                contains: "This model's maximum context length is 4096 tokens. However, your messages resulted in")
        try await server.chat(",\"max_tokens\":4090").expectError(
            400, "context_length_exceeded", parameter: "messages", contains: "4090 in the completion")
        try await server.chat(",\"max_tokens\":\(Int.max)").expectError(
            400, "context_length_exceeded", parameter: "messages")
        try await server.post("/v1/completions", "{\"prompt\":\"x\",\"max_tokens\":9999}").expectError(
            400, "context_length_exceeded", parameter: "prompt")
    }

    @Test("a full queue is 429 with the time to wait, a server that stops 503")
    func overloaded() async throws {
        let server = try TestServer(simpleOutput)
        server.generator.refuse(with: .overloaded(retryAfterSeconds: 7))
        for fields in ["", ",\"stream\":true"] {
            let answer = try await server.chat(fields)
            try answer.expectError(429, "rate_limit_exceeded")
            #expect(answer.headers[.retryAfter] == "7")
        }
        server.generator.refuse(with: .shuttingDown)
        try await server.chat().expectError(503, "shutting_down")
        server.state.startDraining()
        let answer = try await server.chat()
        try answer.expectError(503, "shutting_down")
        #expect(answer.headers[.connection] == "close")
        try await server.send(.get, "/health").expectError(503, "shutting_down")
        #expect(try await server.send(.get, "/metrics").status == 200)
    }

    @Test("keys are checked but for probes and metrics")
    func keys() async throws {
        let server = try TestServer(simpleOutput, keys: ["one", "two"])
        try await server.chat().expectError(401, "invalid_api_key", contains: "didn't provide")
        try await server.send(.get, "/v1/models", headers: [.authorization: "Bearer three"])
            .expectError(401, "invalid_api_key", contains: "Incorrect")
        for header in ["Bearer one", "bearer two", "Bearer  one"] {
            #expect(try await server.send(.get, "/v1/models", headers: [.authorization: header]).status == 200)
        }
        for path in ["/health", "/ready", "/ping", "/metrics", "/version"] {
            #expect(try await server.send(.get, path).status == 200)
        }
        #expect(try await server.post("/tokenize", "{}").status == 401)
    }

    @Test("a body that is too long is refused")
    func bodyLimit() async throws {
        let server = try TestServer(simpleOutput, bodyLimit: 1000)
        try await server.post("/v1/chat/completions", String(repeating: " ", count: 1001))
            .expectError(413, "request_too_large")
    }

    @Test("the request's id comes back")
    func requestID() async throws {
        let server = try TestServer(simpleOutput)
        let answer = try await server.send(.get, "/v1/nothing", headers: [.init("x-request-id")!: "mine"])
        #expect(answer.headers[.init("x-request-id")!] == "mine")
        #expect(try await server.chat().headers[.init("x-request-id")!]?.hasPrefix("req_") == true)
    }

    @Test(
        "a mutated body is answered or refused, never a server error",
        arguments: [
            (
                "/v1/chat/completions",
                """
                {"model":"demo","messages":[{"role":"system","content":"Be"},{"role":"user","content":[{"type":"text",\
                "text":"Hi"}]},{"role":"assistant","content":null,"reasoning":"r","tool_calls":[{"id":"c","type":"function",\
                "function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"x"}],"tools":[{"type":\
                "function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":["string","null"]}}}}}],\
                "temperature":1,"top_p":0.5,"stop":["x"],"logit_bias":{"5":1},"n":1,"max_tokens":5,"logprobs":true,\
                "top_logprobs":2,"stream":false,"seed":1,"reasoning_effort":"low","chat_template_kwargs":{}}
                """
            ),
            (
                "/v1/completions",
                """
                {"model":"demo","prompt":[[1,2],[3,4]],"max_tokens":3,"echo":true,"logprobs":1,"n":1,"best_of":2,"suffix":null,\
                "stop":"x","stop_token_ids":[7],"temperature":0,"seed":3,"stream":false,"skip_special_tokens":true}
                """
            ), ("/tokenize", "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"add_generation_prompt\":false}"),
            ("/detokenize", "{\"tokens\":[1,2,200007],\"model\":\"demo\"}"),
        ])
    func mutations(_ path: String, _ body: String) async throws {
        let server = try TestServer(simpleOutput)
        let bodies = Self.mutated(Array(body.utf8), count: 1000)
        try await server.application.test(.router) { client in
            for body in bodies {
                let response = try await client.executeRequest(
                    uri: path, method: .post, headers: [:], body: ByteBuffer(bytes: body))
                #expect(
                    [200, 400, 404].contains(response.status.code),
                    "\(response.status) \(String(decoding: body, as: UTF8.self))")
            }
        }
    }

    private static func mutated(_ body: [UInt8], count: Int) -> [[UInt8]] {
        let tokens = [
            "null", "1", "-1", "1e400", "\"\"", "[]", "{}", "true", "\"\\ud800\"", "99999999999999999999", ",", "}",
        ]
        var random = Seeded(state: 11)
        return (0..<count).map { _ in
            var mutated = body
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<mutated.count, using: &random)
                let token = Array((tokens.randomElement(using: &random) ?? "").utf8)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: mutated[place] = UInt8.random(in: 0...255, using: &random)
                case 1: mutated.remove(at: place)
                case 2: mutated.insert(contentsOf: token, at: place)
                default:
                    // Replaces a whole value.
                    let starts = mutated.indices.filter { mutated[$0] == UInt8(ascii: ":") }
                    guard let start = starts.randomElement(using: &random) else { continue }
                    let end = mutated[(start + 1)...].firstIndex { ",}]".utf8.contains($0) } ?? mutated.count
                    mutated.replaceSubrange((start + 1)..<end, with: token)
                }
            }
            return mutated
        }
    }
}

/// Numbers that are the same on every run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
