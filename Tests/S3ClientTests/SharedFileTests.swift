import Testing

@testable import S3Client

@Suite("Shared configuration files")
struct SharedFileTests {
    private static let config = """
        # a comment
        [default]
        region = eu-central-1
        output=json

        [profile "two words"]
        Region = us-west-2 ; why not
        services = local
        s3 =
          addressing_style = path
          # a comment in between
          payload_signing_enabled = true
        role_arn = arn:aws:iam::123456789012:role/a=b

        [sso-session corporate]
        this is not looked at
        [services local]
        s3 =
            endpoint_url = http://minio:9000
        sts =
            endpoint_url = http://sts:1
        """

    @Test("Profiles and services have their settings")
    func config() throws {
        let file = try SharedFile(parsing: Array(Self.config.utf8), kind: .config)
        #expect(file.profiles.keys.sorted() == ["default", "two words"])
        #expect(file.profiles["default"]?.values == ["region": "eu-central-1", "output": "json"])
        let profile = try #require(file.profiles["two words"])
        #expect(profile.values["region"] == "us-west-2")
        #expect(profile.values["role_arn"] == "arn:aws:iam::123456789012:role/a=b")
        #expect(profile.nested == ["s3": ["addressing_style": "path", "payload_signing_enabled": "true"]])
        #expect(file.services["local"]?.nested["s3"] == ["endpoint_url": "http://minio:9000"])
        #expect(file.services["local"]?.nested["sts"] == ["endpoint_url": "http://sts:1"])
    }

    @Test("Windows line ends and tabs make no difference")
    func lineEnds() throws {
        let text = Self.config.replacing("\n", with: "\r\n").replacing("  ", with: "\t")
        let plain = try SharedFile(parsing: Array(Self.config.utf8), kind: .config)
        #expect(try SharedFile(parsing: Array(text.utf8), kind: .config) == plain)
    }

    @Test("The credentials file names its profiles without a word before them")
    func credentials() throws {
        let text = "[dev]\naws_access_key_id = A\naws_secret_access_key = b/c+d=\n[dev]\naws_access_key_id=B\n"
        let file = try SharedFile(parsing: Array(text.utf8), kind: .credentials)
        #expect(file.profiles["dev"]?.values == ["aws_access_key_id": "B", "aws_secret_access_key": "b/c+d="])
    }

    @Test(
        "A line that is nothing is an error that does not show it",
        arguments: [
            ("[default]\nregion\n", 2, "neither a [section] nor a setting = value"),
            ("[default\n", 1, "a section that has no \"]\""),
            ("\nregion = a\n", 2, "a setting before any [section]"),
            ("[default]\n= secret\n", 2, "a value without a name before the \"=\""),
        ])
    func wrong(_ text: String, _ line: Int, _ reason: String) {
        #expect(throws: SharedFileError(line: line, reason: reason)) {
            try SharedFile(parsing: Array(text.utf8), kind: .config)
        }
    }

    @Test("A file of more than a megabyte is refused")
    func large() {
        #expect(throws: SharedFileError.self) {
            try SharedFile(parsing: [UInt8](repeating: 10, count: SharedFile.maximumByteCount + 1), kind: .config)
        }
    }

    @Test("Mutated files are read or refused")
    func mutations() {
        var generator = SeededGenerator(seed: 2)
        var refused = 0
        for _ in 0..<3000 {
            let bytes = mutated(Array(Self.config.utf8), &generator)
            if (try? SharedFile(parsing: bytes, kind: .config)) == nil { refused += 1 }
        }
        #expect((1..<3000).contains(refused))
    }
}
