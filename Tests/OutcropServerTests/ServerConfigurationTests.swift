import Conversation
import TestSupport
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
    func needsKey(_ host: String) async throws {
        let open = try configuration { $0.host = host }
        await #expect(throws: ServerError.needsKey(host: host)) { try await open.validateKeys() }
        let empty = try temporaryKeys([])
        let keyless = try configuration {
            $0.host = host
            $0.keys = empty
        }
        await #expect(throws: ServerError.needsKey(host: host)) { try await keyless.validateKeys() }
        let keys = try temporaryKeys(["secret"])
        try await configuration {
            $0.host = host
            $0.keys = keys
        }.validateKeys()
        try await configuration {
            $0.host = host
            $0.isInsecureAllowed = true
        }.validateKeys()
    }

    @Test("loopback needs none", arguments: ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
    func loopback(_ host: String) async throws {
        try await configuration { $0.host = host }.validateKeys()
    }

    @Test("what cannot work is refused before anything starts")
    func refuses() throws {
        #expect(throws: ServerError.duplicateName("scripted")) {
            try configuration { $0.pinned.append($0.pinned[0]) }.validate()
        }
    }
}
