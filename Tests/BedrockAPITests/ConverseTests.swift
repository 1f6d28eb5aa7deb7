import Foundation
import Generation
import Harmony
import JSON
import TestSupport
import Testing
import Tokenizer

@Suite struct ConverseTests {
    @Test("thoughts and text are blocks of their own, and numbers are integers")
    func answer() async throws {
        let server = try TestServer(simpleOutput)
        let json = try await server.call("converse", question(",\"system\":[{\"text\":\"Be brief.\"}]")).json
        #expect(
            json["output"] == [
                "message": [
                    "role": "assistant",
                    "content": [["reasoningContent": ["reasoningText": ["text": "Think."]]], ["text": "Hello you!"]],
                ]
            ])
        #expect(json["stopReason"]?.stringValue == "end_turn")
        let usage = try #require(json["usage"])
        let (input, output) = (usage["inputTokens"]?.intValue ?? 0, usage["outputTokens"]?.intValue ?? 0)
        #expect(input > 0 && output > 0 && usage["totalTokens"]?.intValue == input + output)
        #expect(usage["cacheReadInputTokens"] == nil)
        #expect(server.generator.requests[0].client == "anonymous")
        #expect(json["metrics"]?["latencyMs"]?.intValue ?? -1 >= 0)
        #expect(try server.prompt.contains("# Instructions\n\nBe brief."))
    }

    @Test("a call is a block with its input as an object")
    func toolUse() async throws {
        let server = try TestServer(callOutput)
        let json = try await server.call("converse", question(weatherTool)).json
        #expect(json["stopReason"]?.stringValue == "tool_use")
        let call = try #require(json["output"]?["message"]?["content"]?[1]?["toolUse"])
        #expect(call["name"]?.stringValue == "get_weather")
        #expect(call["input"] == ["city": "Oslo"])
        let id = try #require(call["toolUseId"]?.stringValue)
        #expect((1...64).contains(id.utf8.count))
        #expect(try server.prompt.contains("type get_weather = (_: {"))
    }

    @Test("a conversation with calls, results, thoughts and signatures becomes the prompt")
    func history() async throws {
        let server = try TestServer(simpleOutput)
        let body = """
            {"messages":[{"role":"user","content":[{"text":"Weather?"},{"cachePoint":{"type":"default"}}]},
            {"role":"assistant","content":[
            {"reasoningContent":{"reasoningText":{"text":"use the tool","signature":"abc"}}},
            {"toolUse":{"toolUseId":"tooluse_1","name":"get_weather","input":{"city":"Oslo"}}},
            {"toolUse":{"toolUseId":"tooluse_2","name":"get_weather","input":{}}}]},
            {"role":"user","content":[
            {"toolResult":{"toolUseId":"tooluse_1","content":[{"json":{"c":3}},{"text":"cold"}],"status":"success"}},
            {"toolResult":{"toolUseId":"tooluse_2","content":[{"text":"no city"}],"status":"error"}},
            {"text":"So?"}]}]\(weatherTool)}
            """
        let answer = try await server.call("converse", body)
        #expect(answer.status == 200, "\(answer.text)")
        let prompt = try server.prompt
        for part in [
            "<|message|>Weather?<|end|>", "<|message|>use the tool<|end|>", "{\"city\":\"Oslo\"}<|call|>",
            "<|message|>{\"c\":3}\ncold<|end|>", "<|message|>Error: no city<|end|>", "<|message|>So?<|end|>",
        ] {
            #expect(prompt.contains(part), "\(part) is not in \(prompt)")
        }
        #expect(!prompt.contains("abc"))
    }

    @Test("an answer that is sent back with its thoughts is accepted, and replayed as it was sampled")
    func secondTurn() async throws {
        let server = try TestServer(callOutput, simpleOutput)
        let first = try await server.call("converse", question(weatherTool)).json
        let message = try #require(first["output"]?["message"])
        let id = try #require(message["content"]?[1]?["toolUse"]?["toolUseId"]?.stringValue)
        let body = """
            {"messages":[{"role":"user","content":[{"text":"Hi"}]},\(message.serialized()),{"role":"user","content":[
            {"toolResult":{"toolUseId":"\(id)","content":[{"text":"cold"}]}}]}]\(weatherTool)}
            """
        #expect(try await server.call("converse", body).json["stopReason"]?.stringValue == "end_turn")
        #expect(try server.prompt.contains("Look.<|end|>"))
    }

    @Test("parameters arrive at the generator")
    func parameters() async throws {
        let server = try TestServer(simpleOutput)
        _ = try await server.call(
            "converse",
            question(
                ",\"inferenceConfig\":{\"maxTokens\":50,\"temperature\":0.25,\"topP\":0.5},"
                    + "\"additionalModelRequestFields\":{\"reasoning_effort\":\"high\",\"seed\":7,\"temperature\":1.5},"
                    + "\"requestMetadata\":{\"a\":\"b\"},\"performanceConfig\":{\"latency\":\"standard\"}"))
        let request = try #require(server.generator.requests.last)
        #expect(request.maximumTokens == 50)
        #expect(request.sampling.temperature == 0.25 && request.sampling.topP == 0.5 && request.sampling.seed == 7)
        #expect(try server.prompt.contains("Reasoning: high"))
    }

    @Test(
        "why a turn ended",
        arguments: [
            (simpleOutput, ",\"inferenceConfig\":{\"maxTokens\":3}", "max_tokens"),
            (simpleOutput, ",\"inferenceConfig\":{\"stopSequences\":[\"you\"]}", "stop_sequence"),
            (simpleOutput, ",\"inferenceConfig\":{\"stopSequences\":[\"nowhere\"]}", "end_turn"),
            ("<|channel|>final<|message|>Hello", "", "model_context_window_exceeded"),
            (callOutput.replacingOccurrences(of: "\"Oslo\"}", with: "Oslo"), weatherTool, "malformed_tool_use"),
            (callOutput.replacingOccurrences(of: "{\"city\": \"Oslo\"}", with: ""), weatherTool, "tool_use"),
        ])
    func stopReasons(_ output: String, _ fields: String, _ reason: String) async throws {
        let whole = try await TestServer(output).call("converse", question(fields)).json
        #expect(whole["stopReason"]?.stringValue == reason, "\(whole.serialized())")
        let frames = try await TestServer(output).call("converse-stream", question(fields)).frames()
        let stop = try #require(frames.first { $0.headers[":event-type"] == "messageStop" })
        #expect(try stop.json["stopReason"]?.stringValue == reason)
    }

    @Test("a stop text is left away")
    func stopText() async throws {
        let server = try TestServer(simpleOutput)
        let fields = ",\"inferenceConfig\":{\"stopSequences\":[\" you\"]}"
        let json = try await server.call("converse", question(fields)).json
        #expect(json["output"]?["message"]?["content"]?[1] == ["text": "Hello"])
    }

    @Test(
        "what cannot be honoured is refused by name",
        arguments: [
            ("{}", "messages"), ("{\"messages\":[]}", "messages"),
            ("{\"messages\":[{\"role\":\"robot\",\"content\":[]}]}", "messages[0].role"),
            ("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", "messages[0].content"),
            ("{\"messages\":[{\"role\":\"user\",\"content\":[{\"image\":{}}]}]}", "image"),
            ("{\"messages\":[{\"role\":\"user\",\"content\":[{}]}]}", "messages[0].content[0]"),
            ("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\",\"image\":{}}]}]}", "exactly one"),
            (
                "{\"messages\":[{\"role\":\"user\",\"content\":[{\"toolResult\":{\"toolUseId\":\"x\",\"content\":[]}}]}]}",
                "messages[0].content[0].toolResult.toolUseId"
            ),
            (question(",\"inferenceConfig\":{\"temperature\":1.5}"), "inferenceConfig.temperature"),
            (question(",\"inferenceConfig\":{\"topP\":-1}"), "inferenceConfig.topP"),
            (question(",\"inferenceConfig\":{\"maxTokens\":0}"), "inferenceConfig.maxTokens"),
            (question(",\"inferenceConfig\":{\"maxTokens\":\"ten\"}"), "inferenceConfig.maxTokens"),
            (question(",\"inferenceConfig\":{\"stopSequences\":[\"\"]}"), "inferenceConfig.stopSequences[0]"),
            (question(",\"guardrailConfig\":{}"), "guardrail"),
            (question(",\"outputConfig\":{\"textFormat\":{}}"), "constrained decoding"),
            (question(",\"additionalModelRequestFields\":{\"reasoning_effort\":{}}"), "reasoning_effort"),
            (question(weatherTool.dropLast() + ",\"toolChoice\":{\"any\":{}}}"), "constrained decoding"),
            (
                question(weatherTool.dropLast() + ",\"toolChoice\":{\"tool\":{\"name\":\"get_weather\"}}}"),
                "constrained"
            ),
            (question(weatherTool.replacingOccurrences(of: "get_weather", with: "get weather")), "toolSpec.name"),
            (question(",\"toolConfig\":{\"tools\":[{\"systemTool\":{\"name\":\"x\"}}]}"), "toolSpec"),
        ])
    func refusals(_ body: String, _ text: String) async throws {
        let server = try TestServer(simpleOutput)
        for operation in ["converse", "converse-stream"] {
            try await server.call(operation, body).expectError(400, "ValidationException", contains: text)
        }
        #expect(server.generator.requests.isEmpty)
    }

    @Test("toolChoice none hides the functions")
    func noTools() async throws {
        let server = try TestServer(simpleOutput)
        let fields = String(weatherTool.dropLast()) + ",\"toolChoice\":{\"none\":{}}}"
        #expect(try await server.call("converse", question(fields)).status == 200)
        #expect(try !server.prompt.contains("get_weather"))
    }
}
