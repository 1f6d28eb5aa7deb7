import Foundation
import JSON
import TestSupport
import Testing

@Suite struct CountTokensTests {
    private func input(_ body: String) -> String {
        "{\"input\":{\"invokeModel\":{\"body\":\"\(Data(body.utf8).base64EncodedString())\"}}}"
    }

    @Test(
        "a conversation counts as Converse says",
        arguments: [
            "", weatherTool, ",\"system\":[{\"text\":\"Be brief.\"}]",
            ",\"additionalModelRequestFields\":{\"reasoning_effort\":\"high\"}",
        ])
    func converse(_ fields: String) async throws {
        let server = try TestServer(simpleOutput)
        let used = try await server.call("converse", question(fields)).json["usage"]?["inputTokens"]
        let count = try await server.call("count-tokens", "{\"input\":{\"converse\":\(question(fields))}}")
        #expect(try count.json == ["inputTokens": try #require(used)])
        #expect(server.generator.requests.count == 1)
    }

    @Test(
        "a body counts as its invocation says",
        arguments: [
            "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
            "{\"prompt\":\"Once upon a time\",\"max_tokens\":4}",
            "{\"prompt\":\"Once upon a time\",\"max_gen_len\":4}",
        ])
    func invoke(_ body: String) async throws {
        let server = try TestServer(simpleOutput)
        let used = try await server.call("invoke", body).header("X-Amzn-Bedrock-Input-Token-Count")
        #expect(try await server.call("count-tokens", input(body)).json["inputTokens"]?.serialized() == used)
    }

    @Test(
        "wrong input",
        arguments: [
            "{}", "{\"input\":{}}", "{\"input\":{\"invokeModel\":{\"body\":\"%%\"}}}",
            "{\"input\":{\"invokeModel\":{\"body\":\"e30=\"},\"converse\":{}}}",
            "{\"input\":{\"invokeModel\":{\"body\":\"e30=\"}}}",
        ])
    func wrong(_ body: String) async throws {
        try await TestServer(simpleOutput).call("count-tokens", body).expectError(400, "ValidationException")
    }
}
