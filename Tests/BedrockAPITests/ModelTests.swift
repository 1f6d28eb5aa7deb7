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
            ("arn:awsome:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl", false),
            ("arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdef-hijkl", false),
        ])
    func arns(_ text: String, _ isARN: Bool) {
        #expect((ImportedModelARN(text) != nil) == isARN)
    }

    @Test("an imported model is found in the list and by name and ARN")
    func models() async throws {
        let server = try TestServer(simpleOutput)
        let list = try await server.send(.get, "/imported-models").json
        let summary = try #require(list["modelSummaries"]?[0])
        #expect(summary["modelName"]?.stringValue == "demo")
        #expect(summary["creationTime"]?.stringValue == "2023-11-14T22:13:20Z")
        #expect(summary["instructSupported"]?.boolValue == true)
        let arn = try #require(summary["modelArn"]?.stringValue)
        for name in ["demo", arn, TestServer.arn] {
            #expect(try await server.send(.get, "/imported-models/\(name)").json["modelArn"]?.stringValue == arn)
        }
        try await server.send(.get, "/imported-models/nobody").expectError(404, "ResourceNotFoundException")
    }

    @Test(
        "filters, order and pages of the list",
        arguments: [
            ("nameContains=dem", 1), ("nameContains=xyz", 0), ("creationTimeAfter=2023-01-01T00:00:00Z", 1),
            ("creationTimeAfter=2024-01-01T00%3A00%3A00Z", 0), ("creationTimeBefore=2023-11-14T22:13:20.5Z", 1),
            ("creationTimeBefore=2023-01-01T00:00:00Z", 0), ("maxResults=1&sortBy=CreationTime&sortOrder=Ascending", 1),
        ])
    func filters(_ query: String, _ count: Int) async throws {
        let answer = try await TestServer(simpleOutput).send(.get, "/imported-models?\(query)")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(try answer.json["modelSummaries"]?.arrayValue?.count == count)
        #expect(try answer.json["nextToken"] == nil)
    }

    @Test(
        "wrong items of the query",
        arguments: [
            "maxResults=0", "maxResults=1001", "maxResults=x", "sortBy=Name", "sortOrder=Up", "nameContains=",
            "creationTimeAfter=yesterday", "nextToken=%20",
        ])
    func wrongFilters(_ query: String) async throws {
        try await TestServer(simpleOutput).send(.get, "/imported-models?\(query)")
            .expectError(400, "ValidationException")
    }

    @Test("the neighbours' lists are empty", arguments: ["/foundation-models", "/custom-models"])
    func neighbours(_ path: String) async throws {
        #expect(try await TestServer(simpleOutput).send(.get, path).json["modelSummaries"] == [])
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
