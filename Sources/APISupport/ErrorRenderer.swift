import Hummingbird

/// Words errors in a dialect.
public protocol ErrorRenderer: Sendable {
    /// The answer for an error that a handler threw or that kept the request from reaching one.
    ///
    /// The dialect has something to say about every error: one that it does not know is an internal error, whose text must
    /// not reach the client.
    func response(for error: any Error, request: RequestIdentifier) -> Response
}
