import HTTPTypes

/// What the doors have to say about a method and a path.
enum RouteTarget {
    case route(Route, [String: String])
    case objects(ObjectHandler)
    case wrongMethod(allowed: [String])
    case unknownPath

    /// Whether bodies are streamed even where their length is known.
    var isObjects: Bool { if case .objects = self { true } else { false } }

    /// What metrics and logs call it.
    var name: String {
        switch self {
        case .route(let route, _): route.path
        case .objects: "objects"
        case .wrongMethod, .unknownPath: "unknown"
        }
    }
}

/// The doors of a server, and which of them a request is meant for.
struct DoorList: Sendable {
    private let doors: [Door]

    init(_ doors: [Door]) {
        precondition(!doors.isEmpty, "a server needs a door")
        self.doors = doors
    }

    /// The door that answers, and what it has. A `HEAD` is a `GET` without the body.
    ///
    /// - Parameters:
    ///   - service: the AWS service that the request says it is for. Amazon's services share this server's address, and
    ///   a bucket may have any name, so that paths alone do not tell them apart.
    ///   - isOpen: whether nobody needs a key; asked only where it matters.
    func find(
        _ request: HTTPRequest, service: String?, isOpen: () async -> Bool
    ) async -> (Door, RouteTarget) {
        let parts = pathSegments(request.path ?? "/")
        guard let service else { return await findUnsigned(request, parts, isOpen) }
        let wanted = doors.filter { $0.services.contains(service) }
        if let door = wanted.first(where: { $0.objects != nil }), let objects = door.objects {
            return (door, .objects(objects))
        }
        return find(request.method, parts, in: wanted) ?? (owner(of: parts, in: wanted) ?? doors[0], .unknownPath)
    }

    private func findUnsigned(
        _ request: HTTPRequest, _ parts: [String], _ isOpen: () async -> Bool
    ) async -> (Door, RouteTarget) {
        if let found = find(request.method, parts, in: doors) { return found }
        if let door = owner(of: parts, in: doors) { return (door, .unknownPath) }
        for door in doors {
            guard let objects = door.objects else { continue }
            // Why all when keys are needed: a refusal must not tell which buckets there are.
            let isHidden = request.method != .post && !parts.isEmpty && request.headerFields[.authorization] == nil
            let isMeant = if isHidden, await !isOpen() { true } else { await objects.expects(request) }
            if isMeant { return (door, .objects(objects)) }
        }
        return (doors[0], .unknownPath)
    }

    private func find(_ method: HTTPRequest.Method, _ parts: [String], in doors: [Door]) -> (Door, RouteTarget)? {
        let wanted = method == .head ? .get : method
        for door in doors {
            let matches = door.routes.compactMap { route in route.match(parts).map { (route, $0) } }
            if let (route, parameters) = matches.first(where: { $0.0.method == wanted }) {
                return (door, .route(route, parameters))
            }
            if !matches.isEmpty {
                return (door, .wrongMethod(allowed: matches.map { $0.0.method.rawValue }))
            }
        }
        return nil
    }

    private func owner(of parts: [String], in doors: [Door]) -> Door? {
        doors.first { door in door.folders.contains { $0.utf8.elementsEqual((parts.first ?? "").utf8) } }
    }
}
