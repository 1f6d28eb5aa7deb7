import AWSProtocol
import HTTPTypes
import Hummingbird

/// One method on one path, and what answers it.
public struct Route: Sendable {
    /// Answers a request, or throws what the door's renderer turns into the dialect's error.
    public typealias Handler = @Sendable (APIRequest) async throws -> Response

    /// The method.
    public let method: HTTPRequest.Method
    /// The path, such as `/v1/models/{id...}`: `{name}` is one segment, `{name...}` the rest of the path.
    public let path: String
    /// Who may use it, and when.
    public let access: RouteAccess
    /// What answers.
    public let handler: Handler
    let segments: [Segment]

    /// A method, a path, and what answers them.
    public init(
        _ method: HTTPRequest.Method, _ path: String, access: RouteAccess = .keyed, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.handler = handler
        segments = path.split(separator: "/").map(Segment.init)
    }

    /// The same route with a prefix before its path.
    public func below(_ prefix: String) -> Route { Route(method, prefix + path, access: access, handler: handler) }

    /// A part of a path.
    enum Segment: Sendable, Equatable {
        case literal(String)
        case variable(String)
        case rest(String)

        init(_ text: Substring) {
            if text.hasPrefix("{"), text.hasSuffix("...}") {
                self = .rest(String(text.dropFirst().dropLast(4)))
            } else if text.hasPrefix("{"), text.hasSuffix("}") {
                self = .variable(String(text.dropFirst().dropLast()))
            } else {
                self = .literal(String(text))
            }
        }
    }

    /// The path's variable parts if the route's path is this one, else nil.
    func match(_ parts: [String]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            guard index < parts.count else { return nil }
            switch segment {
            case .literal(let text): guard Array(text.utf8) == Array(parts[index].utf8) else { return nil }
            case .variable(let name): parameters[name] = parts[index]
            case .rest(let name):
                parameters[name] = parts[index...].joined(separator: "/")
                return parameters
            }
        }
        return parts.count == segments.count ? parameters : nil
    }
}

/// Who may use a route, and when.
public enum RouteAccess: Sendable {
    /// Whoever has a key, while the server is not shutting down.
    case keyed
    /// Everybody, always: probes and metrics.
    case open
}

/// A path's segments, percent-decoded; a query is cut off. Bytes that are not UTF-8 become U+FFFD.
func pathSegments(_ path: String) -> [String] {
    let bytes = Array(path.utf8)
    let end = bytes.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? bytes.count
    return bytes[..<end].split(separator: UInt8(ascii: "/")).map {
        String(decoding: PercentEncoding.decode($0), as: UTF8.self)
    }
}
