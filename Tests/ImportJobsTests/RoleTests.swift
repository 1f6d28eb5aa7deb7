import ImportJobs
import OutcropNumerics
import S3Client
import TestSupport
import Testing

@Suite struct RoleTests {
    private func mayRead(_ patterns: [String]?, _ uri: String) throws -> ImportSourceError? {
        let role = Role(arn: "arn:aws:iam::123456789012:role/R", readable: patterns)
        let uri = try S3URI(uri)
        do throws(ImportSourceError) {
            try role.checkMayRead(uri)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "patterns cover prefixes",
        arguments: [
            (["models/*"], "s3://models/a/b/", true), (["models/*"], "s3://models", true),
            (["mod*/*"], "s3://models/x", true),
            (["models/med/*"], "s3://models/med", true), (["models/med*"], "s3://models/medical/x", true),
            (["models/med/*"], "s3://models/medical", false), (["models/med/*"], "s3://models", false),
            (["models/*/v1/*"], "s3://models/a/v1/x", true), (["models/*/v1/*"], "s3://models/a/v2", false),
            (["models/v?/*"], "s3://models/v2/x", true), (["other/*"], "s3://models/a", false),
            ([], "s3://models/a", false),
            (["*/*"], "s3://models/a", true), (["models-x/*"], "s3://models/a", false),
        ])
    func patterns(_ patterns: [String], _ uri: String, _ isAllowed: Bool) throws {
        let refusal = try mayRead(patterns, uri)
        #expect((refusal == nil) == isAllowed)
    }

    @Test("a refusal names the action and the resource that the role lacks")
    func refusals() throws {
        guard case .accessDenied(_, let action, let resource, _)? = try mayRead(["models/med/*"], "s3://models/x/y")
        else {
            throw ImportSourceError.roleFile("allowed")
        }
        #expect(action == "s3:GetObject")
        #expect(resource == "arn:aws:s3:::models/x/y/*")
        let other = try #require(try mayRead(["models/med/*"], "s3://other/x"))
        #expect(other.description.contains("s3:ListBucket on arn:aws:s3:::other"))
        #expect(try mayRead(nil, "s3://any/x") == nil)
    }

    @Test("without a file every role reads everything, with one only those in it")
    func file() throws {
        let folder = try TemporaryFolder()
        let file = RoleFile(path: folder.join("roles.json"))
        #expect(try file.role("arn:x").readable == nil)
        let text = """
            {"roles": {"arn:a": {"read": ["b/*"]},
             "arn:c": {"read": [], "s3": {"endpoint": "http://127.0.0.1:1", "profile": "p"}}}}
            """
        try AtomicFile.write(Array(text.utf8), to: file.path)
        #expect(try file.role("arn:a") == Role(arn: "arn:a", readable: ["b/*"]))
        #expect(
            try file.role("arn:c").external
                == Role.ExternalStore(endpoint: "http://127.0.0.1:1", region: nil, profile: "p"))
        #expect(throws: ImportSourceError.unknownRole("arn:x")) { try file.role("arn:x") }
    }

    @Test(
        "files that are wrong",
        arguments: [
            "", "[]", "{}", "{\"roles\": 1}", "{\"roles\": {\"a\": {}}}", "{\"roles\": {\"a\": {\"read\": [1]}}}",
            "{\"roles\": {\"a\": {\"read\": [\"bucket\"]}}}",
            "{\"roles\": {\"a\": {\"read\": [], \"s3\": {\"region\": 1}}}}",
        ])
    func wrongFiles(_ text: String) {
        #expect(throws: ImportSourceError.self) { try RoleFile.roles(Array(text.utf8)) }
    }

    @Test("mutated files never trap")
    func mutations() {
        let text = Array("{\"roles\": {\"arn:a\": {\"read\": [\"b/*\"], \"s3\": {\"endpoint\": \"e\"}}}}".utf8)
        var random = SeededGenerator(seed: 7)
        for _ in 0..<3000 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? RoleFile.roles(bytes)
        }
    }
}

/// The same numbers in every run: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
