import APISupport
import Generation
import HTTPTypes
import JSON
import TestSupport
import Testing

@Suite struct ErrorTests {
    private static let operations = [
        "invoke", "invoke-with-response-stream", "converse", "converse-stream", "count-tokens",
    ]

    @Test("an unknown model is told before anything is read of the body", arguments: operations)
    func unknownModel(_ operation: String) async throws {
        let server = try TestServer(simpleOutput)
        for model in ["nobody", "arn:aws:bedrock:us-east-1:123456789012:imported-model/zzzzzzzzzzzz"] {
            try await server.send(.post, "/model/\(model)/\(operation)", body: "{")
                .expectError(404, "ResourceNotFoundException", contains: model)
        }
        try await server.send(.post, "/model/no%20body/\(operation)", body: "{").expectError(400, "ValidationException")
        try await server.send(.post, "/model/d%C3%A9mo/\(operation)", body: "{").expectError(400, "ValidationException")
    }

    @Test(
        "the generator's refusals have Bedrock's codes",
        arguments: [
            (GenerationError.overloaded(retryAfterSeconds: 3), 429, "ThrottlingException"),
            (GenerationError.failed("no pages left"), 424, "ModelErrorException"),
            (GenerationError.shuttingDown, 503, "ServiceUnavailableException"),
            (GenerationError.invalidRequest("no"), 400, "ValidationException"),
        ])
    func refusals(_ error: GenerationError, _ status: Int, _ code: String) async throws {
        let server = try TestServer(simpleOutput)
        server.generator.refuse(with: error)
        for operation in ["converse", "converse-stream"] {
            let answer = try await server.call(operation, question())
            try answer.expectError(status, code)
            #expect((answer.header("x-amz-retry-after") == "3000") == (status == 429))
        }
        try await server.call("invoke", "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}")
            .expectError(status, code)
    }

    @Test("an engine that fails in a whole answer")
    func engineFailure() async throws {
        let server = try TestServer(scripts: [.init([200_005], failure: .failed("no pages left"))])
        try await server.call("converse", question()).expectError(424, "ModelErrorException", contains: "no pages")
    }

    @Test("keys: none, a wrong one, a signature, the right one")
    func keys() async throws {
        let plane = try ControlPlaneServer(keys: ["secret"])
        let server = plane.server
        let path = "/imported-models"
        try await server.send(.get, path).expectError(403, "MissingAuthenticationTokenException")
        try await server.send(.get, path, headers: [.authorization: "Bearer wrong"])
            .expectError(403, "AccessDeniedException")
        let signature =
            "AWS4-HMAC-SHA256 Credential=AK/20260102/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, "
            + "Signature=" + String(repeating: "0", count: 64)
        var signed: HTTPFields = [.authorization: signature]
        signed[try #require(HTTPField.Name("x-amz-date"))] = "20260102T030405Z"
        try await server.send(.get, path, headers: signed)
            .expectError(403, "UnrecognizedClientException")
        #expect(try await server.send(.get, path, headers: [.authorization: "Bearer secret"]).status == 200)
        let openAI = try await server.send(.get, "/openai/v1/models", headers: signed)
        #expect(openAI.status == 401)
        #expect(try openAI.json["error"]?["message"]?.stringValue?.contains("Incorrect API key") == true)
        withExtendedLifetime(plane) {}
    }

    @Test("without keys a signed request passes")
    func signed() async throws {
        let server = try TestServer(simpleOutput)
        let headers: HTTPFields = [.authorization: "AWS4-HMAC-SHA256 Credential=any"]
        #expect(try await server.call("converse", question(), headers: headers).status == 200)
    }

    @Test(
        "paths below the door's folders that are no operations",
        arguments: [
            (HTTPRequest.Method.post, "/model/demo/fly"), (.get, "/model/demo/converse"), (.post, "/tagResource"),
            (.delete, "/imported-models/demo"),
        ])
    func unknownOperations(_ method: HTTPRequest.Method, _ path: String) async throws {
        try await TestServer(simpleOutput).send(method, path).expectError(404, "UnknownOperationException")
    }

    @Test("a body that is too long")
    func longBody() async throws {
        let server = try TestServer(simpleOutput, bodyLimit: 100)
        try await server.call("converse", String(repeating: " ", count: 101)).expectError(400, "ValidationException")
        let roomy = try TestServer(simpleOutput)
        try await roomy.call("invoke", String(repeating: " ", count: 25_000_001))
            .expectError(400, "ValidationException", contains: "25000000")
    }
}
