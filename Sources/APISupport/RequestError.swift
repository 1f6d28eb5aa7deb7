/// Why a request cannot reach a handler: the same at every door, worded by each in its own dialect.
public enum RequestError: Error, Sendable, Equatable {
    /// No route has this path.
    case unknownRoute(method: String, path: String)
    /// Routes have this path, for other methods.
    case wrongMethod(method: String, path: String, allowed: [String])
    /// No key, or not an accepted one.
    case unauthorized(OfferedCredential)
    /// A web page of another site's asks, and no key says that it may.
    case foreignOrigin(String)
    /// The body is longer than accepted.
    case bodyTooLarge(limit: Int)
    /// The server is shutting down.
    case shuttingDown
}

/// What a request that may not pass had to show.
public enum OfferedCredential: Sendable, Equatable {
    /// Nothing.
    case nothing
    /// A key that is not accepted.
    case key
    /// An AWS signature, which is not verified and so never accepted where keys are needed.
    case signature
}
