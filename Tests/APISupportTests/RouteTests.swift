import Hummingbird
import Testing

@testable import APISupport

@Suite struct RouteTests {
    private func match(_ pattern: String, _ path: String) -> [String: String]? {
        Route(.get, pattern) { _ in Response(status: .ok) }.match(pathSegments(path))
    }

    @Test("literal segments must be equal, byte for byte")
    func literal() {
        #expect(match("/v1/models", "/v1/models") == [:])
        #expect(match("/v1/models", "/v1/models/?a=b") == [:])
        #expect(match("/v1/models", "/v1/Models") == nil)
        #expect(match("/v1/models", "/v1/models/x") == nil)
        #expect(match("/v1/caf\u{E9}", "/v1/cafe\u{301}") == nil)
        #expect(match("/", "") == [:])
    }

    @Test("variable segments are decoded")
    func variable() {
        #expect(match("/a/{id}/b", "/a/x%20y/b") == ["id": "x y"])
        #expect(match("/a/{id}", "/a/%2Fx") == ["id": "/x"])
        #expect(match("/a/{id}", "/a/%zz%4") == ["id": "%zz%4"])
        #expect(match("/a/{id}", "/a/%ff") == ["id": "\u{FFFD}"])
        #expect(match("/a/{id...}", "/a/b/c%2Fd") == ["id": "b/c/d"])
        #expect(match("/a/{id...}", "/a") == nil)
    }
}
