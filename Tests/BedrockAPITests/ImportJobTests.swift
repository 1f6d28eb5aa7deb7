import Foundation
import HTTPTypes
import ImportJobs
import JSON
import ModelLibrary
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ImportJobTests {
    private static var jobARN: Regex<Substring> {
        /arn:aws:bedrock:us-east-1:000000000000:model-import-job\/[a-z0-9]{12}/
    }
    private static var modelARN: Regex<Substring> {
        /arn:aws:bedrock:us-east-1:000000000000:imported-model\/[a-z0-9]{12}/
    }

    @Test("a job is created with 201 and only its ARN, and goes through to a model")
    func create() async throws {
        let server = try ControlPlaneServer()
        let answer = try await server.send(
            .post, "/model-import-jobs", ControlPlaneServer.body("job-1.a", ["importedModelName": "\"my_model\""]))
        #expect(answer.status == 201)
        #expect(answer.header("content-type") == "application/json")
        let created = try #require(try answer.json.objectValue)
        #expect(created.entries.map(\.key) == ["jobArn"])
        let arn = try #require(created["jobArn"]?.stringValue)
        #expect(arn.wholeMatch(of: Self.jobARN) != nil)
        var job = try await server.send(.get, "/model-import-jobs/job-1.a").json
        #expect(job["status"]?.stringValue == "InProgress")
        #expect(job["endTime"] == nil && job["importedModelArn"] == nil && job["failureMessage"] == nil)
        #expect(job["vpcConfig"] == nil && job["importedModelKmsKeyArn"] == nil)
        #expect(job["outcropProgress"]?["phase"]?.stringValue == "queued")
        try await server.runJobs()
        job = try await server.send(.get, "/model-import-jobs/job-1.a").json
        #expect(job["jobArn"]?.stringValue == arn)
        #expect(job["jobName"]?.stringValue == "job-1.a")
        #expect(job["importedModelName"]?.stringValue == "my_model")
        #expect(job["roleArn"]?.stringValue == "arn:aws:iam::123456789012:role/Import")
        #expect(job["modelDataSource"] == ["s3DataSource": ["s3Uri": "s3://bucket/job-1.a/"]])
        #expect(job["status"]?.stringValue == "Completed")
        let times = try ["creationTime", "lastModifiedTime", "endTime"].map { try #require(job[$0]?.stringValue) }
        for time in times { #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil) }
        #expect(times[0] <= times[2])
        let model = try await server.send(.get, "/imported-models/my_model").json
        #expect(job["importedModelArn"]?.stringValue?.wholeMatch(of: Self.modelARN) != nil)
        #expect(model["modelArn"] == job["importedModelArn"])
        #expect(model["jobArn"]?.stringValue == arn)
        #expect(model["jobName"]?.stringValue == "job-1.a")
        #expect(model["modelDataSource"] == job["modelDataSource"])
        #expect(model["modelArchitecture"]?.stringValue == "gpt_oss")
        #expect(model["instructSupported"] == true)
        #expect(model["customModelUnits"] == ["customModelUnitsPerModelCopy": 1, "customModelUnitsVersion": "v1.0"])
    }

    @Test("network and key are returned, a key's id or alias as an ARN")
    func options() async throws {
        let server = try ControlPlaneServer()
        let network = "{\"subnetIds\":[\"subnet-1\",\"subnet-2\"],\"securityGroupIds\":[\"sg-1\"]}"
        let id = "12345678-1234-1234-1234-123456789012"
        let model = try await server.importModel(
            "a", ["vpcConfig": network, "importedModelKmsKeyId": "\"\(id)\""])
        let arn = "arn:aws:kms:us-east-1:000000000000:key/\(id)"
        #expect(model["modelKmsKeyArn"]?.stringValue == arn)
        let job = try await server.send(.get, "/model-import-jobs/a").json
        #expect(job["importedModelKmsKeyArn"]?.stringValue == arn)
        #expect(try job["vpcConfig"] == JSONValue.parse(network))
        try await server.create("b", ["importedModelKmsKeyId": "\"alias/my/key\""])
        #expect(
            try await server.send(.get, "/model-import-jobs/b").json["importedModelKmsKeyArn"]?.stringValue
                == "arn:aws:kms:us-east-1:000000000000:alias/my/key")
    }

    @Test("a job is found by every way of writing its ARN, of any region and account")
    func identifiers() async throws {
        let server = try ControlPlaneServer()
        let arn = try await server.create("a")
        let id = try #require(arn.split(separator: "/").last)
        for identifier in [
            arn, arn.replacing(":", with: "%3A").replacing("/", with: "%2F"),
            arn.replacing(":", with: "%3a").replacing("/", with: "%2f"), arn.replacing("/", with: "%2F"), "a",
            "arn:aws:bedrock:eu-west-1:123456789012:model-import-job/\(id)",
        ] {
            let answer = try await server.send(.get, "/model-import-jobs/\(identifier)")
            #expect(try answer.json["jobArn"]?.stringValue == arn, "\(identifier): \(answer.text)")
        }
        for identifier in ["no-such-job", "arn:aws:bedrock:us-east-1:123456789012:model-import-job/zzzzzzzzzzzz"] {
            try await server.send(.get, "/model-import-jobs/\(identifier)")
                .expectError(404, "ResourceNotFoundException", contains: identifier)
        }
        for identifier in ["bad_name", "arn:aws:bedrock:us-east-1:123456789012:imported-model/zzzzzzzzzzzz"] {
            try await server.send(.get, "/model-import-jobs/\(identifier)")
                .expectError(400, "ValidationException", contains: "jobIdentifier")
        }
    }

    @Test(
        "what is wrong with a job names the member",
        arguments: [
            ("jobName", ""), ("jobName", "null"), ("jobName", "7"), ("jobName", "\"bad_job\""), ("jobName", "\"\""),
            ("jobName", "\"-a\""), ("jobName", "\"\(String(repeating: "a", count: 64))\""),
            ("jobName", "\"a\(String(repeating: "-", count: 61))_\""), ("importedModelName", "\"bad name\""),
            ("importedModelName", "\"-leading\""), ("importedModelName", "\"double__underscore\""),
            ("importedModelName", "\"a-_b\""), ("importedModelName", "\"a.b\""), ("importedModelName", "\"\""),
            ("importedModelName", "\"\(String(repeating: "a1", count: 31))!\""), ("importedModelName", "[]"),
            ("roleArn", ""), ("roleArn", "\"not-an-arn\""), ("roleArn", "\"arn:aws:iam::12:role/x\""),
            ("roleArn", "\"arn:aws:iam::123456789012:user/x\""), ("roleArn", "\"arn:aws:iam::123456789012:role/\""),
            ("modelDataSource", ""), ("modelDataSource", "{}"), ("modelDataSource", "\"s3://a\""),
            ("modelDataSource", "{\"other\":{}}"), ("modelDataSource", "{\"s3DataSource\":{},\"other\":{}}"),
            ("clientRequestToken", "\"-bad-\""), ("clientRequestToken", "\"\""), ("clientRequestToken", "\"a b\""),
            ("clientRequestToken", "\"\(String(repeating: "a", count: 257))\""),
            ("jobTags", "{}"), ("jobTags", "[{\"key\":\"a#b\",\"value\":\"v\"}]"), ("jobTags", "[{\"key\":\"a\"}]"),
            ("jobTags", "[{\"key\":\"\",\"value\":\"v\"}]"),
            ("importedModelTags", "[{\"key\":\"aws:a\",\"value\":\"\"}]"),
            ("importedModelTags", "[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"a\",\"value\":\"2\"}]"),
            ("importedModelTags", "[{\"key\":\"a\",\"value\":\"\(String(repeating: "v", count: 257))\"}]"),
            ("vpcConfig", "{}"), ("vpcConfig", "{\"subnetIds\":[],\"securityGroupIds\":[\"s\"]}"),
            ("vpcConfig", "{\"subnetIds\":[\"a b\"],\"securityGroupIds\":[\"s\"]}"),
            ("vpcConfig", "{\"subnetIds\":[\"a\"],\"securityGroupIds\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]}"),
            ("importedModelKmsKeyId", "\"key\""), ("importedModelKmsKeyId", "\"alias/\""),
            ("importedModelKmsKeyId", "\"arn:aws:kms:us-east-1:123456789012:other/x\""),
        ])
    func wrongMembers(_ member: String, _ value: String) async throws {
        let server = try ControlPlaneServer()
        try await server.send(.post, "/model-import-jobs", ControlPlaneServer.body("a", [member: value]))
            .expectError(400, "ValidationException", contains: member)
        #expect(try await server.queue.jobs().elements.isEmpty)
    }

    @Test(
        "wrong URIs",
        arguments: [
            "https://x/y", "s3://UPPER/x", "s3://ab", "s3://bucket/a b", "s3://bucket//x", "s3://bucket/a=b", "",
        ])
    func wrongURIs(_ uri: String) async throws {
        let source = "{\"s3DataSource\":{\"s3Uri\":\"\(uri)\"}}"
        try await ControlPlaneServer().send(
            .post, "/model-import-jobs", ControlPlaneServer.body("a", ["modelDataSource": source])
        ).expectError(400, "ValidationException", contains: "modelDataSource.s3DataSource.s3Uri")
    }

    @Test("everything that is wrong is told at once")
    func severalViolations() async throws {
        let body = ControlPlaneServer.body("a", ["jobName": "\"_\"", "roleArn": "", "modelDataSource": "{}"])
        let answer = try await ControlPlaneServer().send(.post, "/model-import-jobs", body)
        let message = try #require(try answer.json["message"]?.stringValue)
        #expect(message.hasPrefix("3 validation errors detected: "))
        for member in ["jobName", "roleArn", "modelDataSource"] { #expect(message.contains("'\(member)'")) }
    }

    @Test("bodies that are no JSON objects", arguments: ["", "[]", "{", "\"x\"", "{\"jobName\":"])
    func wrongBodies(_ body: String) async throws {
        try await ControlPlaneServer().send(.post, "/model-import-jobs", body).expectError(400, "ValidationException")
    }

    @Test("mutated bodies are refused or taken, and never end the server")
    func mutations() async throws {
        let server = try ControlPlaneServer()
        let text = Array(
            ControlPlaneServer.body(
                "a", ["jobTags": "[{\"key\":\"a\",\"value\":\"b\"}]", "vpcConfig": "{\"subnetIds\":[\"a\"]}"]
            ).utf8)
        var state: UInt64 = 1
        for _ in 0..<1000 {
            var bytes = text
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 25)
            }
            let answer = try await server.send(.post, "/model-import-jobs", String(decoding: bytes, as: UTF8.self))
            #expect([201, 400].contains(answer.status), "\(answer.text)")
        }
    }

    @Test("names that are taken are conflicts with status 400")
    func conflicts() async throws {
        let server = try ControlPlaneServer()
        try await server.create("a")
        try await server.send(.post, "/model-import-jobs", ControlPlaneServer.body("a"))
            .expectError(400, "ConflictException", contains: "jobName")
        let held = ControlPlaneServer.body("b", ["importedModelName": "\"a\""])
        try await server.send(.post, "/model-import-jobs", held)
            .expectError(400, "ConflictException", contains: "importedModelName")
        try await server.runJobs()
        try await server.send(.post, "/model-import-jobs", held)
            .expectError(400, "ConflictException", contains: "importedModelName")
        #expect(try await server.send(.delete, "/imported-models/a").status == 200)
        try await server.create("b", ["importedModelName": "\"a\""])
    }

    @Test("a request with a token again is answered with the same job, also when that has ended")
    func tokens() async throws {
        let server = try ControlPlaneServer()
        let arn = try await server.create("a", ["clientRequestToken": "\"token-1\""])
        #expect(try await server.create("a", ["clientRequestToken": "\"token-1\""]) == arn)
        try await server.runJobs()
        #expect(try await server.create("other", ["clientRequestToken": "\"token-1\""]) == arn)
        #expect(
            try await server.send(.get, "/model-import-jobs").json["modelImportJobSummaries"]?.arrayValue?.count == 1)
    }

    @Test("more jobs than the server takes are over its quota")
    func quota() async throws {
        let server = try ControlPlaneServer()
        for index in 0..<20 { try await server.create("a\(index)") }
        try await server.send(.post, "/model-import-jobs", ControlPlaneServer.body("b"))
            .expectError(400, "ServiceQuotaExceededException")
    }

    @Test("a failed job says why and when, has no model, and is listed as failed")
    func failure() async throws {
        let server = try ControlPlaneServer()
        let arn = try await server.create("a")
        try await server.runJobs(failure: .noSuchBucket("bucket"))
        let job = try await server.send(.get, "/model-import-jobs/a").json
        #expect(job["status"]?.stringValue == "Failed")
        #expect(job["failureMessage"]?.stringValue?.contains("'bucket'") == true)
        #expect(job["endTime"] != nil && job["importedModelArn"] == nil)
        try await server.send(.get, "/imported-models/a").expectError(404, "ResourceNotFoundException")
        let failed = try await server.send(.get, "/model-import-jobs?statusEquals=Failed").json
        #expect(failed["modelImportJobSummaries"]?[0]?["jobArn"]?.stringValue == arn)
        #expect(
            try await server.send(.get, "/model-import-jobs?statusEquals=Completed").json["modelImportJobSummaries"]
                == [])
        try await server.create("b", ["importedModelName": "\"a\""])
        #expect(
            try await server.send(.get, "/model-import-jobs?statusEquals=InProgress").json["modelImportJobSummaries"]?[
                0]?[
                    "jobName"]?.stringValue == "b")
    }
}
