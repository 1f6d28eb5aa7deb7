import Testing

@testable import APISupport

@Suite struct APIKeysTests {
    @Test("without keys everybody may pass")
    func open() {
        #expect(APIKeys([]).accept(authorization: nil))
        #expect(!APIKeys([]).areRequired)
    }

    @Test(
        "a key passes as bearer token or as x-api-key",
        arguments: [("Bearer secret", nil), ("bearer  secret", nil), (nil, "secret"), ("Bearer other", nil)]
            as [(String?, String?)])
    func accepts(_ authorization: String?, _ apiKey: String?) {
        #expect(APIKeys(["secret", "other"]).accept(authorization: authorization, apiKey: apiKey))
    }

    @Test(
        "anything else does not",
        arguments: [
            nil, "", "Bearer", "Bearer ", "Bearer secre", "Bearer secrett", "Basic secret", "secret", "Bearer Secret",
        ]
            as [String?])
    func refuses(_ authorization: String?) {
        #expect(!APIKeys(["secret"]).accept(authorization: authorization))
    }

    @Test("comparison in constant time is comparison")
    func comparison() {
        let texts = ["", "a", "b", "ab", "aa", "abab", "aaaa"].map { Array($0.utf8) }
        for a in texts {
            for b in texts { #expect(equalsInConstantTime(a, b) == (a == b)) }
        }
    }
}
