import APISupport
import HTTPTypes
import JSON
import TestSupport
import Testing

@Suite struct ModelTests {
    @Test(
        "ARNs",
        arguments: [
            ("arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl", true),
            ("arn:aws-cn:bedrock:cn-north-1:123456789012:imported-model/abcdefghij12", true),
            ("arn:aws:bedrock:us-east-1:123456789012:imported-model/short", false),
            ("arn:aws:bedrock:us-east-1:12345678901:imported-model/abcdefghijkl", false),
            ("arn:aws:bedrock:us-east-1:123456789012:custom-model/abcdefghijkl", false),
            ("arn:aws:s3:us-east-1:123456789012:imported-model/abcdefghijkl", false),
            ("arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl:x", false), ("", false),
            ("arn:aws:bedrock:us-east-1:123456789012:imported-model/ABCDEFGHIJKL", false),
            ("arn:aws-:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl", false),
            ("arn:aws:bedrock:us-east-1:123456789012:model-import-job/abcdefghijkl", false),
            ("arn:awsome:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl", false),
            ("arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdef-hijkl", false),
        ])
    func arns(_ text: String, _ isARN: Bool) {
        #expect((ImportedModelARN(text) != nil) == isARN)
    }

    @Test("OpenAI's paths exist below /openai, take ARNs, and keep OpenAI's errors")
    func openAI() async throws {
        let server = try TestServer(simpleOutput)
        let messages = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
        for prefix in ["", "/openai"] {
            let answer = try await server.send(
                .post, prefix + "/v1/chat/completions", body: "{\"model\":\"\(TestServer.arn)\",\(messages)}")
            #expect(try answer.json["model"]?.stringValue == TestServer.arn)
            #expect(answer.header("x-amzn-RequestId") != nil)
            #expect(try await server.send(.get, prefix + "/v1/models").json["data"]?[0]?["id"]?.stringValue == "demo")
        }
        let wrong = try await server.send(.post, "/openai/v1/chat/completions", body: "{}")
        #expect(wrong.status == 400)
        #expect(try wrong.json["error"]?["message"]?.stringValue != nil)
    }
}
