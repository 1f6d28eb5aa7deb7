import Generation
import HTTPTypes
import JSON
import TestSupport
import Testing
import Tokenizer

@Suite struct CompletionsTests {
    private func complete(_ server: TestServer, _ fields: String) async throws -> TestAnswer {
        try await server.post("/v1/completions", "{\"model\":\"demo\",\(fields)}")
    }

    @Test("a whole completion has the legacy shape")
    func whole() async throws {
        let server = try TestServer(" two three<|return|>")
        let json = try await complete(server, "\"prompt\":\"one\"").json
        #expect(json["object"]?.stringValue == "text_completion")
        #expect(json["id"]?.stringValue?.hasPrefix("cmpl-") == true)
        #expect(
            json["choices"] == [["index": 0, "text": " two three", "logprobs": nil, "finish_reason": "stop"]])
        #expect(
            json["usage"]
                == [
                    "prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4,
                    "prompt_tokens_details": ["cached_tokens": 0],
                ])
        #expect(server.generator.requests[0].maximumTokens == 16)
    }

    @Test("what lm-evaluation-harness sends for log-likelihoods is answered in its shape", arguments: [0, 1])
    func loglikelihood(_ maximum: Int) async throws {
        let server = try TestServer(" x")
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let ids = tokenizer.encodeOrdinary("The cat sat")
        let json = try await complete(
            server,
            "\"prompt\":[\(ids),\(ids.dropLast())],\"temperature\":0,\"max_tokens\":\(maximum),\"logprobs\":1,\"seed\":1234,\"echo\":true"
        ).json
        let choices = try #require(json["choices"]?.arrayValue)
        #expect(choices.compactMap { $0["index"]?.intValue } == [0, 1])
        let logprobs = try #require(choices[0]["logprobs"])
        let tokens = ["The", " cat", " sat"] + (maximum == 1 ? [" x"] : [])
        #expect(logprobs["tokens"]?.arrayValue?.compactMap(\.stringValue) == tokens)
        let values = try #require(logprobs["token_logprobs"]?.arrayValue)
        #expect(values[0].isNull)
        #expect(values.dropFirst().allSatisfy { $0.doubleValue == -0.5 })
        let top = try #require(logprobs["top_logprobs"]?.arrayValue)
        #expect(top[0].isNull)
        for (token, entry) in zip(tokens, top).dropFirst() {
            #expect(entry.objectValue?.entries.first?.key == token)
        }
        #expect(logprobs["text_offset"]?.arrayValue?.prefix(3).compactMap(\.intValue) == [0, 3, 7])
        #expect(choices[0]["text"]?.stringValue == tokens.joined())
        #expect(choices[0]["finish_reason"]?.stringValue == "length")
    }

    @Test("prompts can be texts and lists of token ids, several answers each")
    func prompts() async throws {
        let server = try TestServer("a<|return|>", "b<|return|>", "c<|return|>", "d<|return|>")
        let json = try await complete(server, "\"prompt\":[\"x\",[5,6]],\"n\":2,\"max_tokens\":3").json
        #expect(json["choices"]?.arrayValue?.compactMap { $0["index"]?.intValue } == [0, 1, 2, 3])
        #expect(server.generator.requests.map(\.prompt.count).sorted() == [1, 1, 2, 2])
        #expect(json["usage"]?["prompt_tokens"]?.intValue == 3)
        #expect(json["usage"]?["completion_tokens"]?.intValue == 8)
    }

    @Test("more prompts than the window are all answered in order")
    func window() async throws {
        let server = try TestServer("ok<|return|>")
        let json = try await complete(
            server, "\"prompt\":[\((0..<40).map { "[\($0 + 1)]" }.joined(separator: ","))],\"echo\":true"
        )
        .json
        let choices = try #require(json["choices"]?.arrayValue)
        #expect(choices.count == 40)
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        for (index, choice) in choices.enumerated() {
            let text = String(decoding: tokenizer.bytes(of: Int32(index + 1)) ?? [], as: UTF8.self)
            #expect(choice["text"]?.stringValue == text + "ok")
        }
    }

    @Test("the best of several answers is returned")
    func bestOf() async throws {
        let server = try TestServer("a<|return|>")
        let json = try await complete(server, "\"prompt\":\"x\",\"best_of\":3").json
        #expect(json["choices"]?.arrayValue?.count == 1)
        #expect(json["choices"]?[0]?["logprobs"]?.isNull == true)
        #expect(server.generator.requests.count == 3)
    }

    @Test("a streamed completion begins with the echo and ends with the usage")
    func streamed() async throws {
        let server = try TestServer(" two three<|return|>")
        let answer = try await complete(
            server,
            "\"prompt\":\"one\",\"echo\":true,\"stream\":true,\"stream_options\":{\"include_usage\":true},\"logprobs\":0"
        )
        let events = try answer.events
        #expect(events.compactMap { $0["choices"]?[0]?["text"]?.stringValue } == ["one two", " three", ""])
        #expect(
            events.flatMap { $0["choices"]?[0]?["logprobs"]?["text_offset"]?.arrayValue ?? [] }.compactMap(\.intValue)
                == [0, 3, 7])
        #expect(events.compactMap { $0["choices"]?[0]?["finish_reason"]?.stringValue } == ["stop"])
        #expect(events.last?["choices"] == [])
        #expect(events.last?["usage"]?["completion_tokens"]?.intValue == 3)
    }

    @Test("bytes that are no text have keys of their own in the log-probabilities")
    func bytes() async throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let ids = ([0xE2, 0x98, 0x83] as [UInt8]).compactMap { byte in
            (0..<256).first { tokenizer.bytes(of: $0) == [byte] }
        }
        let server = try TestServer(scripts: [.init(ids + [200_002])])
        let choice = try #require(
            try await complete(server, "\"prompt\":\"x\",\"logprobs\":0").json["choices"]?[0])
        #expect(choice["text"]?.stringValue == "\u{2603}")
        #expect(choice["logprobs"]?["tokens"] == ["bytes:\\xe2", "bytes:\\x98", "bytes:\\x83"])
        #expect(choice["logprobs"]?["text_offset"] == [0, 1, 1])
    }

    @Test("stop texts and stop ids end a completion")
    func stop() async throws {
        let server = try TestServer(" one two three")
        #expect(
            try await complete(server, "\"prompt\":\"x\",\"stop\":\"wo t\"").json["choices"]?[0]?["text"]?.stringValue
                == " one t")
        let id = try BytePairTokenizer.o200kHarmony().encodeOrdinary(" two")[0]
        let choice = try await complete(server, "\"prompt\":\"x\",\"stop_token_ids\":[\(id)]").json["choices"]?[0]
        #expect(choice?["text"]?.stringValue == " one")
        #expect(choice?["finish_reason"]?.stringValue == "stop")
    }

    @Test(
        "a wrong field is named",
        arguments: [
            ("\"x\":1", "prompt"), ("\"prompt\":5", "prompt"), ("\"prompt\":[]", "prompt"),
            ("\"prompt\":\"\"", "prompt"),
            ("\"prompt\":[1,\"a\"]", "prompt[1]"), ("\"prompt\":[1,-1]", "prompt[1]"),
            ("\"prompt\":[201088]", "prompt[0]"),
            ("\"prompt\":[[1],[]]", "prompt[1]"), ("\"prompt\":[[1],[1.5]]", "prompt[1][0]"),
            ("\"prompt\":[null]", "prompt[0]"),
            ("\"prompt\":\"x\",\"suffix\":\"y\"", "suffix"), ("\"prompt\":\"x\",\"max_tokens\":0", "max_tokens"),
            ("\"prompt\":\"x\",\"n\":3,\"best_of\":2", "best_of"),
            ("\"prompt\":\"x\",\"best_of\":2,\"stream\":true", "best_of"),
            ("\"prompt\":\"x\",\"logprobs\":true", "logprobs"), ("\"prompt\":\"x\",\"logprobs\":99", "logprobs"),
            ("\"prompt\":\"x\",\"echo\":\"yes\"", "echo"),
            ("\"prompt\":\"x\",\"stop_token_ids\":[-4]", "stop_token_ids[0]"),
        ])
    func wrongField(_ fields: String, _ parameter: String) async throws {
        let answer = try await complete(try TestServer("a<|return|>"), fields)
        #expect(answer.status == 400)
        #expect(try answer.json["error"]?["param"]?.stringValue == parameter, "\(answer.text)")
    }
}
