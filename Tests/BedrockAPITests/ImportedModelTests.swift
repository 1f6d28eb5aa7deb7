import Foundation
import HTTPTypes
import ImportJobs
import JSON
import ModelLibrary
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ImportedModelTests {
    @Test(
        "lists are filtered, sorted and paged; no nextToken on the last page",
        arguments: ["imported-models", "model-import-jobs"])
    func lists(_ path: String) async throws {
        let server = try ControlPlaneServer()
        for name in ["x-0", "x-1", "y-0"] {
            _ = try await server.importModel(name)
            try await Task.sleep(for: .milliseconds(3))
        }
        let (member, key) =
            path == "imported-models" ? ("modelSummaries", "modelName") : ("modelImportJobSummaries", "jobName")
        func names(_ query: String) async throws -> [String] {
            let answer = try await server.send(.get, "/\(path)?\(query)")
            #expect(try answer.json["nextToken"] == nil)
            return try (answer.json[member]?.arrayValue ?? []).compactMap { $0[key]?.stringValue }
        }
        #expect(try await names("") == ["y-0", "x-1", "x-0"])
        #expect(try await names("sortOrder=Ascending&sortBy=CreationTime") == ["x-0", "x-1", "y-0"])
        #expect(try await names("nameContains=x-") == ["x-1", "x-0"])
        #expect(try await names("nameContains=nothing") == [])
        #expect(
            try await names("creationTimeAfter=2020-01-01T00%3A00%3A00Z&creationTimeBefore=2020-01-02T00:00:00.5Z")
                == [])
        #expect(try await names("creationTimeAfter=2020-01-01T00%3A00%3A00Z").count == 3)
        var (token, seen) = ("", [String]())
        for index in 0..<3 {
            let query = "maxResults=1" + (token.isEmpty ? "" : "&nextToken=\(token)")
            let page = try await server.send(.get, "/\(path)?\(query)").json
            #expect(page[member]?.arrayValue?.count == 1)
            seen += [page[member]?[0]?[key]?.stringValue ?? ""]
            if index == 2 {
                #expect(page["nextToken"] == nil)
            } else {
                token = try #require(page["nextToken"]?.stringValue)
                #expect(token.wholeMatch(of: /\S{1,2048}/) != nil)
                // What comes meanwhile stands before the place.
                _ = try await server.importModel("late-\(index)")
            }
        }
        #expect(seen == ["y-0", "x-1", "x-0"])
    }

    @Test(
        "wrong items of the query name the item",
        arguments: [
            "maxResults=0", "maxResults=1001", "maxResults=x", "sortBy=Name", "sortOrder=Up", "nameContains=",
            "nameContains=%20", "creationTimeAfter=yesterday", "creationTimeBefore=1700000000", "nextToken=%20",
            "nextToken=", "nextToken=1-2-3",
        ])
    func wrongQueries(_ query: String) async throws {
        let item = String(query.prefix { $0 != "=" })
        for path in ["imported-models", "model-import-jobs"] {
            try await ControlPlaneServer().send(.get, "/\(path)?\(query)")
                .expectError(400, "ValidationException", contains: "'\(item)'")
        }
        try await ControlPlaneServer().send(.get, "/model-import-jobs?statusEquals=Done")
            .expectError(400, "ValidationException", contains: "'statusEquals'")
    }

    @Test("a summary has what a model has")
    func summary() async throws {
        let server = try ControlPlaneServer()
        let model = try await server.importModel("a")
        let summary = try #require(try await server.send(.get, "/imported-models").json["modelSummaries"]?[0])
        for member in ["modelArn", "modelName", "creationTime", "instructSupported", "modelArchitecture"] {
            #expect(summary[member] != nil)
            #expect(summary[member] == model[member])
        }
    }

    @Test("a model that the command line imported has no job and no source that clients could read")
    func withoutJob() async throws {
        let server = try ControlPlaneServer()
        let manifest = Manifest(
            name: "v1.5", created: "2026-01-02T03:04:05Z", version: "1", source: "/secret/folder", layout: "",
            sourceByteCount: 1, artifactByteCount: 1, dense: .int8, parameterCount: 1, seconds: 1, errors: [],
            warnings: [])
        let folder = server.folder.join("models/v1.5")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(manifest.json.serializedBytes()).write(to: URL(fileURLWithPath: folder + "/manifest.json"))
        let answer = try await server.send(.get, "/imported-models/v1.5")
        #expect(answer.status == 200)
        #expect(!answer.text.contains("secret"))
        #expect(try answer.json["creationTime"]?.stringValue == "2026-01-02T03:04:05.000Z")
        for member in ["jobArn", "jobName", "modelDataSource", "modelKmsKeyArn"] {
            #expect(try answer.json[member] == nil)
        }
    }

    @Test("a deleted model is gone, its job and its name's freedom stay")
    func delete() async throws {
        let server = try ControlPlaneServer()
        let arn = try #require(try await server.importModel("a")["modelArn"]?.stringValue)
        let encoded = arn.replacing(":", with: "%3A").replacing("/", with: "%2F")
        let answer = try await server.send(.delete, "/imported-models/\(encoded)")
        #expect(answer.status == 200 && answer.text == "{}")
        #expect(!FileManager.default.fileExists(atPath: server.folder.join("models/a")))
        for identifier in [arn, encoded, "a"] {
            for method in [HTTPRequest.Method.get, .delete] {
                try await server.send(method, "/imported-models/\(identifier)")
                    .expectError(404, "ResourceNotFoundException")
            }
        }
        #expect(try await server.send(.get, "/imported-models").json["modelSummaries"] == [])
        #expect(try await server.send(.get, "/model-import-jobs/a").json["status"]?.stringValue == "Completed")
        let second = try await server.importModel("b", ["importedModelName": "\"a\""])
        _ = second
        #expect(try await server.send(.get, "/imported-models/a").json["modelArn"]?.stringValue != arn)
    }

    @Test("identifiers that are none", arguments: ["bad%20name", "a%00", "arn%3Aaws%3Ax", "-a"])
    func wrongIdentifiers(_ identifier: String) async throws {
        try await ControlPlaneServer().send(.get, "/imported-models/\(identifier)")
            .expectError(400, "ValidationException", contains: "modelIdentifier")
    }

    @Test(
        "the neighbours' lists are empty, and nothing is in them",
        arguments: [
            ("foundation-models", "modelSummaries"), ("custom-models", "modelSummaries"), ("guardrails", "guardrails"),
            ("model-customization/custom-model-deployments", "modelDeploymentSummaries"),
            ("provisioned-model-throughputs", "provisionedModelSummaries"),
        ])
    func neighbours(_ path: String, _ member: String) async throws {
        let server = try ControlPlaneServer()
        let answer = try await server.send(.get, "/\(path)?maxResults=5")
        #expect(answer.status == 200)
        #expect(try answer.json == .object(JSONObject([(member, [])])))
        try await server.send(.get, "/\(path)/x").expectError(404, "ResourceNotFoundException")
    }
}

@Suite(.timeLimit(.minutes(2))) struct TagTests {
    private func tags(_ server: ControlPlaneServer, _ arn: String) async throws -> JSONValue? {
        try await server.send(.post, "/listTagsForResource", "{\"resourceARN\":\"\(arn)\"}").json["tags"]
    }

    @Test("a job's tags are there at once, its model's when it is; both can be changed")
    func tags() async throws {
        let server = try ControlPlaneServer()
        let job = try await server.create(
            "a",
            [
                "jobTags": "[{\"key\":\"stage\",\"value\":\"dev\"}]",
                "importedModelTags": "[{\"key\":\"team\",\"value\":\"a b\"}]",
            ])
        #expect(try await tags(server, job) == [["key": "stage", "value": "dev"]])
        try await server.runJobs()
        let arn = try #require(try await server.send(.get, "/imported-models/a").json["modelArn"]?.stringValue)
        let more = "[{\"key\":\"x\",\"value\":\"\"},{\"key\":\"team\",\"value\":\"c\"}]"
        let answer = try await server.send(.post, "/tagResource", "{\"resourceARN\":\"\(arn)\",\"tags\":\(more)}")
        #expect(answer.status == 200 && answer.text == "{}")
        #expect(try await tags(server, arn) == [["key": "team", "value": "c"], ["key": "x", "value": ""]])
        let removal = "{\"resourceARN\":\"\(arn)\",\"tagKeys\":[\"x\",\"absent\"]}"
        #expect(try await server.send(.post, "/untagResource", removal).status == 200)
        #expect(try await tags(server, arn) == [["key": "team", "value": "c"]])
        #expect(try await server.send(.delete, "/imported-models/a").status == 200)
        try await server.send(.post, "/listTagsForResource", "{\"resourceARN\":\"\(arn)\"}")
            .expectError(404, "ResourceNotFoundException")
    }

    @Test("more tags than a resource may have")
    func tooMany() async throws {
        let server = try ControlPlaneServer()
        let job = try await server.create("a", ["jobTags": "[{\"key\":\"stage\",\"value\":\"dev\"}]"])
        let many = (0..<200).map { "{\"key\":\"k\($0)\",\"value\":\"\"}" }.joined(separator: ",")
        let answer = try await server.send(.post, "/tagResource", "{\"resourceARN\":\"\(job)\",\"tags\":[\(many)]}")
        try answer.expectError(400, "TooManyTagsException")
        #expect(try answer.json["resourceName"]?.stringValue == job)
        #expect(try await tags(server, job)?.arrayValue?.count == 1)
    }

    @Test(
        "what is wrong names the member",
        arguments: [
            ("tagResource", "{}", "resourceARN"), ("tagResource", "{\"resourceARN\":\"x\",\"tags\":[]}", "resourceARN"),
            (
                "tagResource",
                "{\"resourceARN\":\"arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl\"}", "tags"
            ),
            (
                "untagResource",
                "{\"resourceARN\":\"arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl\"}", "tagKeys"
            ),
            ("listTagsForResource", "{\"resourceARN\":1}", "resourceARN"),
        ])
    func wrong(_ path: String, _ body: String, _ member: String) async throws {
        try await ControlPlaneServer().send(.post, "/\(path)", body)
            .expectError(400, "ValidationException", contains: "'\(member)'")
    }

    @Test("resources that are not there")
    func unknown() async throws {
        let server = try ControlPlaneServer()
        for resource in [
            "imported-model/zzzzzzzzzzzz", "model-import-job/zzzzzzzzzzzz", "custom-model/x.y/zzzzzzzzzzzz",
        ] {
            let arn = "arn:aws:bedrock:us-east-1:123456789012:\(resource)"
            for (path, more) in [
                ("tagResource", ",\"tags\":[]"), ("untagResource", ",\"tagKeys\":[]"), ("listTagsForResource", ""),
            ] {
                try await server.send(.post, "/\(path)", "{\"resourceARN\":\"\(arn)\"\(more)}")
                    .expectError(404, "ResourceNotFoundException")
            }
        }
    }
}
