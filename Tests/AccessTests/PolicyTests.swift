import Testing

@testable import Access

@Suite struct PolicyTests {
    private func policy(_ text: String) throws -> Policy { try Policy(json: Array(text.utf8)) }

    /// AWS' examples, shortened: "Amazon S3: allows read and write access to objects in an S3 bucket" and the identity-based
    /// examples of Amazon Bedrock's guide.
    static let bucket = """
        {"Version": "2012-10-17", "Statement": [
            {"Sid": "ListObjectsInBucket", "Effect": "Allow", "Action": ["s3:ListBucket"],
             "Resource": ["arn:aws:s3:::amzn-s3-demo-bucket"]},
            {"Sid": "AllObjectActions", "Effect": "Allow", "Action": "s3:*Object",
             "Resource": ["arn:aws:s3:::amzn-s3-demo-bucket/*"]}]}
        """
    static let oneModel = """
        {"Version": "2012-10-17", "Statement": {"Sid": "DenyInference", "Effect": "Deny",
            "Action": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
            "Resource": "arn:aws:bedrock:*::foundation-model/model-id"}}
        """
    static let allButBilling = """
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:DeleteObject", "NotResource": "arn:aws:s3:::scratch/*"}]}
        """

    /// A policy, an action and a resource, and what is decided.
    struct Case: Sendable, CustomTestStringConvertible {
        let policy: String
        let action: String
        let resource: String
        let decision: Policy.Decision
        var testDescription: String { "\(action) on \(resource): \(decision)" }

        init(_ policy: String, _ action: String, _ resource: String, _ decision: Policy.Decision) {
            (self.policy, self.action, self.resource, self.decision) = (policy, action, resource, decision)
        }
    }

    @Test(
        "documented policies decide as documented",
        arguments: [
            Case(bucket, "s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/a/b c", .allow),
            Case(bucket, "S3:putobject", "arn:aws:s3:::amzn-s3-demo-bucket/a:b", .allow),
            Case(bucket, "s3:GetObject", "arn:aws:s3:::AMZN-s3-demo-bucket/a", .implicitDeny),
            Case(bucket, "s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket2/a", .implicitDeny),
            Case(bucket, "s3:ListBucket", "arn:aws:s3:::amzn-s3-demo-bucket", .allow),
            Case(bucket, "s3:ListBucket", "arn:aws:s3:::amzn-s3-demo-bucket/a", .implicitDeny),
            Case(bucket, "s3:ListBucketVersions", "arn:aws:s3:::amzn-s3-demo-bucket", .implicitDeny),
            Case(bucket, "s3:DeleteObject", "arn:aws:s3:::amzn-s3-demo-bucket/", .allow),
            Case(
                oneModel, "bedrock:InvokeModel", "arn:aws:bedrock:us-east-1::foundation-model/model-id", .explicitDeny),
            Case(
                oneModel, "bedrock:InvokeModel", "arn:aws:bedrock:us-east-1:1:foundation-model/model-id", .implicitDeny),
            Case(allButBilling, "bedrock:ListImportedModels", "*", .allow),
            Case(allButBilling, "iam:PassRole", "*", .implicitDeny),
            Case(allButBilling, "s3:DeleteObject", "arn:aws:s3:::data/x", .explicitDeny),
            Case(allButBilling, "s3:DeleteObject", "arn:aws:s3:::scratch/x", .allow),
        ])
    func documented(_ example: Case) throws {
        let policy = try policy(example.policy)
        #expect(policy.decision(action: example.action, resource: example.resource) == example.decision)
    }

    private func allowing(_ resource: String) throws -> Policy {
        try policy(#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "\#(resource)"}}"#)
    }

    @Test(
        "a wildcard stays within its part of an ARN; a cut ARN means any rest",
        arguments: [
            ("arn:aws:s3:*", "arn:aws:s3:::bucket/key", true), ("arn:aws:s3*", "arn:aws:s3:::bucket/key", true),
            ("arn:aws:*:*:*:*", "arn:aws:s3:::a:b:c", true), ("arn:aws:s3:::b/*x", "arn:aws:s3:::b/a:b:x", true),
            ("arn:aws:*:x", "arn:aws:s3:::x", nil), ("arn:aws:bedrock:*:1:m/a", "arn:aws:bedrock:r:2:m:1:m/a", false),
            ("arn:aws:s3:::b/?", "arn:aws:s3:::b/é", true), ("arn:aws:s3:::b/?", "arn:aws:s3:::b/", false),
            ("arn:aws:s3:::b/caf\u{e9}", "arn:aws:s3:::b/cafe\u{301}", false),
            ("arn:aws:s3:::b/${*}${?}${$}", "arn:aws:s3:::b/*?$", true),
            ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", false), ("**", "anything", true),
            ("arn:aws:s3:::b", "*", false), ("arn:aws:s3:::b", "", false),
        ] as [(String, String, Bool?)])
    func resources(pattern: String, resource: String, matches: Bool?) throws {
        guard let matches else {
            #expect(throws: PolicyError.self) { try allowing(pattern) }
            return
        }
        #expect(
            try allowing(pattern).decision(action: "s3:GetObject", resource: resource)
                == (matches ? .allow : .implicitDeny))
    }

    @Test(
        "what would not be kept to is refused, with its place",
        arguments: [
            ("[]", ""), ("{", ""), ("{}", ""), (#"{"Statement": []}"#, "Statement"),
            (#"{"Version": "2013-01-01", "Statement": {}}"#, "Version"), (#"{"Statement": "x"}"#, "Statement"),
            (#"{"Statement": {}, "Stetement": {}}"#, "Stetement"), (#"{"Statement": [{}]}"#, "Statement[0]"),
            (with(#""Condition": {}"#), "Statement.Condition"), (with(#""Principal": "*""#), "Statement.Principal"),
            (with(#""effect": "Deny""#), "Statement.effect"), (with(#""NotAction": "a:b""#), "Statement"),
            (with(#""NotResource": "*""#), "Statement"), (with(#""Sid": 1"#), "Statement.Sid"),
            (with(#""Effect": "Deny""#), ""), (statement("allow", #""*""#, #""*""#), "Statement.Effect"),
            (statement("Allow", #"["*", "GetObject"]"#, #""*""#), "Statement.Action[1]"),
            (statement("Allow", "[]", #""*""#), "Statement.Action"),
            (statement("Allow", #""s3:""#, #""*""#), "Statement.Action"),
            (statement("Allow", #""s3:a:b""#, #""*""#), "Statement.Action"),
            (statement("Allow", #""*""#, #""bucket/*""#), "Statement.Resource"),
            (statement("Allow", #""*""#, #"[1]"#), "Statement.Resource[0]"),
            (statement("Allow", #""*""#, #""arn:aws:s3:::home/${aws:username}/*""#), "Statement.Resource"),
            (statement("Allow", #""*""#, #""arn:aws:s3:::home/${""#), "Statement.Resource"),
        ])
    func refuses(text: String, place: String) {
        let error = #expect(throws: PolicyError.self) { try policy(text) }
        #expect(error?.place == place)
    }

    private static func statement(_ effect: String, _ action: String, _ resource: String) -> String {
        #"{"Statement": {"Effect": "\#(effect)", "Action": \#(action), "Resource": \#(resource)}}"#
    }

    private static func with(_ member: String) -> String {
        #"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", \#(member)}}"#
    }

    @Test("a policy that is too long is refused")
    func tooLong() {
        let text = Self.with(#""Sid": ""# + String(repeating: "a", count: Policy.maximumByteCount) + "\"")
        #expect(throws: PolicyError.self) { try policy(text) }
    }

    @Test("mutated policies are read or refused, and what is read decides without trapping")
    func mutations() {
        var random = SeededGenerator(seed: 3)
        let seeds = [Self.bucket, Self.oneModel, Self.allButBilling].map { Array($0.utf8) }
        var readable = 0
        for round in 0..<6000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array(#"*?:${}[]","#.utf8).randomElement(using: &random) ?? 0, at: place)
                default: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &random))
                }
            }
            if Policy.isReadable(bytes) { readable += 1 }
        }
        #expect((300..<5700).contains(readable))
    }
}

/// Reproducible random numbers: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
