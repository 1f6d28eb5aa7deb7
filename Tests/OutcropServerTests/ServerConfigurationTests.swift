import Conversation
import Testing

@testable import OutcropServer

@Suite struct ServerConfigurationTests {
    private func configuration(_ change: (inout ServerConfiguration) -> Void) throws -> ServerConfiguration {
        var configuration = ServerConfiguration(pinned: [opened(try scriptedModel().model)])
        change(&configuration)
        return configuration
    }

    @Test("the defaults are valid: loopback, no key")
    func defaults() throws {
        try configuration { _ in }.validate()
    }

    @Test(
        "an address that others can reach needs a key, or an explicit word",
        arguments: ["0.0.0.0", "::", "192.168.1.5", "example.org", "127.evil.com", "1270.0.0.1"])
    func needsKey(_ host: String) throws {
        #expect(throws: ServerError.needsKey(host: host)) { try configuration { $0.host = host }.validate() }
        try configuration {
            $0.host = host
            $0.apiKeys = ["secret"]
        }.validate()
        try configuration {
            $0.host = host
            $0.isInsecureAllowed = true
        }.validate()
    }

    @Test("loopback needs none", arguments: ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
    func loopback(_ host: String) throws {
        try configuration { $0.host = host }.validate()
    }

    @Test("what cannot work is refused before anything starts")
    func refuses() throws {
        #expect(throws: ServerError.emptyKey) { try configuration { $0.apiKeys = ["a", ""] }.validate() }
        #expect(throws: ServerError.duplicateName("scripted")) {
            try configuration { $0.pinned.append($0.pinned[0]) }.validate()
        }
    }
}
