import APISupport
import Conversation
import Generation
import HTTPTypes
import JSON
import TestSupport
import Testing
import Tokenizer

@Suite struct ChatTests {
    @Test("a whole answer has the shape that OpenAI's clients parse")
    func whole() async throws {
        let server = try TestServer(simpleOutput)
        let answer = try await server.chat()
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "application/json")
        let json = try answer.json
        #expect(json["object"]?.stringValue == "chat.completion")
        #expect(json["id"]?.stringValue?.hasPrefix("chatcmpl-") == true)
        #expect(json["model"]?.stringValue == "demo")
        #expect(json["created"]?.intValue != nil)
        #expect(json["system_fingerprint"]?.stringValue?.hasPrefix("fp_") == true)
        let choice = try #require(json["choices"]?[0])
        #expect(
            choice
                == [
                    "index": 0,
                    "message": [
                        "role": "assistant", "content": "Hello you!", "refusal": nil, "reasoning_content": "Think.",
                        "reasoning": "Think.",
                    ], "logprobs": nil, "finish_reason": "stop",
                ])
        #expect(server.generator.requests[0].client == "anonymous")
        let prompt = server.generator.requests[0].prompt.count
        #expect(
            json["usage"]
                == [
                    "prompt_tokens": JSONValue(prompt), "completion_tokens": 15, "total_tokens": JSONValue(prompt + 15),
                    "prompt_tokens_details": ["cached_tokens": 0],
                    "completion_tokens_details": ["reasoning_tokens": 2],
                ])
    }

    @Test("a streamed answer, byte for byte")
    func streamed() async throws {
        let server = try TestServer(simpleOutput)
        let answer = try await server.chat(",\"stream\":true,\"stream_options\":{\"include_usage\":true}")
        #expect(answer.headers[.contentType] == "text/event-stream; charset=utf-8")
        #expect(answer.headers[.cacheControl] == "no-cache")
        let first = try #require(try answer.events.first)
        let id = try #require(first["id"]?.stringValue)
        let created = try #require(first["created"]?.intValue)
        let fingerprint = try #require(first["system_fingerprint"]?.stringValue)
        let prompt = server.generator.requests[0].prompt.count
        let prefix =
            "data: {\"id\":\"\(id)\",\"object\":\"chat.completion.chunk\",\"created\":\(created),\"model\":\"demo\","
            + "\"system_fingerprint\":\"\(fingerprint)\",\"choices\":["
        func chunk(_ delta: String, _ reason: String = "null") -> String {
            prefix
                + "{\"index\":0,\"delta\":\(delta),\"logprobs\":null,\"finish_reason\":\(reason)}],\"usage\":null}\n\n"
        }
        #expect(
            answer.text
                == chunk("{\"role\":\"assistant\",\"content\":\"\"}")
                + chunk("{\"reasoning_content\":\"Think\",\"reasoning\":\"Think\"}")
                + chunk("{\"reasoning_content\":\".\",\"reasoning\":\".\"}") + chunk("{\"content\":\"Hello\"}")
                + chunk("{\"content\":\" you\"}") + chunk("{\"content\":\"!\"}") + chunk("{}", "\"stop\"") + prefix
                + "],\"usage\":{\"prompt_tokens\":\(prompt),\"completion_tokens\":15,\"total_tokens\":\(prompt + 15),"
                + "\"prompt_tokens_details\":{\"cached_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n"
                + "data: [DONE]\n\n")
    }

    @Test("without include_usage no chunk speaks of usage")
    func streamedWithoutUsage() async throws {
        let answer = try await TestServer(simpleOutput).chat(",\"stream\":true")
        #expect(!answer.text.contains("usage"))
        #expect(try answer.events.last?["choices"]?[0]?["finish_reason"]?.stringValue == "stop")
    }

    private static let call =
        "<|channel|>analysis<|message|>Look.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather "
        + "<|constrain|>json<|message|>{\"place\":\"Rome\"}<|call|>"
    private static let tools =
        ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"description\":null,"
        + "\"parameters\":{\"type\":\"object\",\"properties\":{\"place\":{\"type\":\"string\"}}}}}]"

    @Test("a call, whole")
    func wholeCall() async throws {
        let server = try TestServer(Self.call)
        let choice = try #require(try await server.chat(Self.tools).json["choices"]?[0])
        #expect(choice["finish_reason"]?.stringValue == "tool_calls")
        let message = try #require(choice["message"])
        #expect(message["content"]?.isNull == true)
        #expect(message["reasoning_content"]?.stringValue == "Look.")
        let call = try #require(message["tool_calls"]?[0])
        #expect(call["id"]?.stringValue?.hasPrefix("call_") == true)
        #expect(call["type"]?.stringValue == "function")
        #expect(call["function"] == ["name": "get_weather", "arguments": "{\"place\":\"Rome\"}"])
    }

    @Test("a call, streamed: id and name once, then arguments")
    func streamedCall() async throws {
        let events = try await TestServer(Self.call).chat(Self.tools + ",\"stream\":true").events
        let calls = events.compactMap { $0["choices"]?[0]?["delta"]?["tool_calls"]?[0] }
        #expect(calls.allSatisfy { $0["index"]?.intValue == 0 })
        let first = try #require(calls.first)
        #expect(first["id"]?.stringValue?.hasPrefix("call_") == true)
        #expect(first["function"] == ["name": "get_weather", "arguments": ""])
        #expect(calls.dropFirst().allSatisfy { $0["id"] == nil && $0["function"]?["name"] == nil })
        #expect(
            calls.compactMap { $0["function"]?["arguments"]?.stringValue }.joined() == "{\"place\":\"Rome\"}")
        #expect(events.last?["choices"]?[0]?["finish_reason"]?.stringValue == "tool_calls")
    }

    @Test("a call's result goes back with the call and the reasoning before it")
    func roundTrip() async throws {
        let server = try TestServer(Self.call, "<|channel|>final<|message|>Sunny.<|return|>")
        let message = try #require(try await server.chat(Self.tools).json["choices"]?[0]?["message"])
        var echoed = try #require(message.objectValue)
        echoed.removeValue(forKey: "reasoning")
        echoed.removeValue(forKey: "reasoning_content")
        let id = try #require(message["tool_calls"]?[0]?["id"]?.stringValue)
        let answer = try await server.post(
            "/v1/chat/completions",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},\(JSONValue.object(echoed).serialized()),"
                + "{\"role\":\"tool\",\"tool_call_id\":\"\(id)\",\"content\":[{\"type\":\"text\",\"text\":\"sunny\"}]}]\(Self.tools)}"
        )
        #expect(try answer.json["choices"]?[0]?["message"]?["content"]?.stringValue == "Sunny.")
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let prompt = String(decoding: try tokenizer.decode(server.generator.requests[1].prompt), as: UTF8.self)
        #expect(
            prompt.contains(
                Self.call + "<|start|>functions.get_weather to=assistant<|channel|>commentary<|message|>sunny<|end|>"))
    }

    @Test("reasoning sent back under either name is used", arguments: ["reasoning", "reasoning_content"])
    func reasoningBack(_ name: String) async throws {
        let server = try TestServer(simpleOutput)
        let answer = try await server.post(
            "/v1/chat/completions",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":null,\"\(name)\":\"Mine.\","
                + "\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"{}\"}}]},"
                + "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"x\"}]}")
        #expect(answer.status == 200)
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let prompt = String(decoding: try tokenizer.decode(server.generator.requests[0].prompt), as: UTF8.self)
        #expect(prompt.contains("<|start|>assistant<|channel|>analysis<|message|>Mine.<|end|>"))
    }

    @Test("log-probabilities have tokens, bytes and alternatives")
    func logprobs() async throws {
        let server = try TestServer("<|channel|>final<|message|>é!<|return|>")
        let choice = try #require(
            try await server.chat(",\"logprobs\":true,\"top_logprobs\":2").json["choices"]?[0])
        let content = try #require(choice["logprobs"]?["content"]?.arrayValue)
        #expect(content.compactMap { $0["token"]?.stringValue } == ["é", "!"])
        #expect(content[0]["bytes"] == [195, 169])
        #expect(content[0]["logprob"]?.doubleValue == -0.5)
        #expect(content[0]["top_logprobs"]?.arrayValue?.count == 2)
        let streamed = try await server.chat(",\"logprobs\":true,\"stream\":true").events
        let tokens = streamed.flatMap { $0["choices"]?[0]?["logprobs"]?["content"]?.arrayValue ?? [] }
        #expect(tokens.compactMap { $0["token"]?.stringValue } == ["é", "!"])
        #expect(tokens.first?["top_logprobs"] == [])
    }

    @Test("several answers have their own index and seed, and the prompt counts once")
    func choices() async throws {
        let server = try TestServer(simpleOutput, "<|channel|>final<|message|>Two<|return|>")
        let json = try await server.chat(",\"n\":2,\"seed\":5").json
        #expect(json["choices"]?.arrayValue?.compactMap { $0["index"]?.intValue } == [0, 1])
        #expect(server.generator.requests.map(\.sampling.seed) == [5, 6])
        let prompt = server.generator.requests[0].prompt.count
        #expect(json["usage"]?["prompt_tokens"]?.intValue == prompt)
        let events = try await server.chat(",\"n\":2,\"stream\":true").events
        #expect(Set(events.compactMap { $0["choices"]?[0]?["index"]?.intValue }) == [0, 1])
        #expect(events.filter { $0["choices"]?[0]?["finish_reason"]?.stringValue == "stop" }.count == 2)
    }

    @Test("a stop text ends the answer across tokens")
    func stop() async throws {
        let answer = try await TestServer(simpleOutput).chat(",\"stop\":[\"o yo\"]")
        #expect(try answer.json["choices"]?[0]?["message"]?["content"]?.stringValue == "Hell")
    }

    @Test("the limit of tokens is a finish reason")
    func length() async throws {
        let answer = try await TestServer(simpleOutput).chat(",\"max_completion_tokens\":4,\"max_tokens\":100")
        let choice = try #require(try answer.json["choices"]?[0])
        #expect(choice["finish_reason"]?.stringValue == "length")
        #expect(choice["message"]?["content"]?.stringValue == "")
    }

    @Test("parameters reach the generator")
    func parameters() async throws {
        let server = try TestServer(simpleOutput)
        _ = try await server.chat(
            """
            ,"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.1,"presence_penalty":-1,"frequency_penalty":2,\
            "repetition_penalty":1.5,"logit_bias":{"12":-100,"13":5.5},"seed":-1,"min_tokens":3,"max_tokens":7,"unknown":[]
            """)
        let request = server.generator.requests[0]
        #expect(request.maximumTokens == 7)
        #expect(
            request.sampling
                == SamplingParameters(
                    temperature: 0.5, topP: 0.9, topK: 40, minP: 0.1, presencePenalty: -1, frequencyPenalty: 2,
                    repetitionPenalty: 1.5, logitBias: [12: -100, 13: 5.5], seed: UInt64.max, minimumTokens: 3))
        #expect(request.stopTokens == [200_002, 200_012, 199_999])
        _ = try await server.chat()
        #expect(server.generator.requests[1].sampling == SamplingParameters())
    }

    @Test(
        "effort and date have their fields",
        arguments: [
            (",\"reasoning_effort\":\"high\"", "Reasoning: high"),
            (",\"reasoning_effort\":\"minimal\"", "Reasoning: low"),
            (",\"reasoning_effort\":\"none\"", "Reasoning: low"),
            (",\"reasoning\":{\"effort\":\"low\"}", "Reasoning: low"),
            ("", "Reasoning: medium"), (",\"chat_template_kwargs\":{\"reasoning_effort\":\"high\"}", "Reasoning: high"),
            (",\"conversation_date\":\"2020-02-02\"", "Current date: 2020-02-02"),
            (",\"chat_template_kwargs\":{\"conversation_date\":\"2020-02-02\"}", "Current date: 2020-02-02"),
            ("", "Current date: 2025-08-06"),
        ])
    func effortAndDate(_ field: String, _ line: String) async throws {
        let server = try TestServer(simpleOutput)
        #expect(try await server.chat(field).status == 200)
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let prompt = String(decoding: try tokenizer.decode(server.generator.requests[0].prompt), as: UTF8.self)
        #expect(prompt.contains("\n\(line)\n"))
    }

    @Test("strict schemas are accepted with a warning")
    func strict() async throws {
        let answer = try await TestServer(simpleOutput).chat(
            ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":true}}]")
        #expect(answer.status == 200)
        #expect(answer.headers[.outcropWarning]?.contains("tools[0].function.strict") == true)
    }

    @Test("a generator that fails within a stream is an error event")
    func failureWithinStream() async throws {
        let server = try TestServer(scripts: [.init([200_005], failure: .failed("no pages left"))])
        let answer = try await server.chat(",\"stream\":true")
        #expect(answer.status == 200)
        #expect(try answer.events.last?["error"]?["message"]?.stringValue == "no pages left")
        try await server.chat().expectError(503, "generation_failed")
    }
}
