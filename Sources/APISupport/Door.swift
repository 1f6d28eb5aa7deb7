import HTTPTypes
import Hummingbird

/// A dialect's routes, and how it words errors.
public struct Door: Sendable {
    /// What it answers.
    public var routes: [Route]
    /// How it words errors.
    public var errors: any ErrorRenderer
    /// First parts of paths: those below them that no route has are this door's to refuse.
    public var folders: [String]
    /// The AWS services, as signatures name them, whose requests come to this door alone.
    public var services: [String]
    /// Answers requests whose paths are no routes but data, with a body that is streamed.
    public var objects: ObjectHandler?

    /// A door of routes in one dialect.
    public init(
        routes: [Route], errors: any ErrorRenderer, folders: [String] = [], services: [String] = [],
        objects: ObjectHandler? = nil
    ) {
        self.routes = routes
        self.errors = errors
        self.folders = folders
        self.services = services
        self.objects = objects
    }
}

/// A door's answer to everything that is addressed to its service.
public struct ObjectHandler: Sendable {
    /// Answers a request whose body is in `upload`.
    public var answer: Route.Handler
    /// Whether a request that says no service and has no other door's path is meant for this one.
    public var expects: @Sendable (HTTPRequest) async -> Bool

    /// A door's answer to everything.
    public init(
        answer: @escaping Route.Handler, expects: @escaping @Sendable (HTTPRequest) async -> Bool
    ) {
        self.answer = answer
        self.expects = expects
    }
}
