/// Why a request cannot reach a handler: the same at every door, worded by each in its own dialect.
public enum RequestError: Error, Sendable, Equatable {
    /// No route has this path.
    case unknownRoute(method: String, path: String)
    /// Routes have this path, for other methods.
    case wrongMethod(method: String, path: String, allowed: [String])
    /// It is not known who asks.
    case unauthenticated(AuthenticationFailure)
    /// The caller's policy does not allow it.
    case forbidden(caller: String, action: String, resource: String)
    /// A web page of another site's asks, and no key says that it may.
    case foreignOrigin(String)
    /// The body is longer than accepted.
    case bodyTooLarge(limit: Int)
    /// The server is shutting down.
    case shuttingDown
}

/// Why it is not known who asks.
public enum AuthenticationFailure: Error, Sendable, Equatable {
    /// The request carries no key and no signature.
    case nothingOffered
    /// No key is this one.
    case unknownKey
    /// No access key has this id.
    case unknownAccessKey(String)
    /// The signature is not that of the request and its access key.
    case wrongSignature
    /// The signature, or what should say how it was made, is not of the right form.
    case malformed(String)
    /// The same of a signature that is in the query.
    case malformedQuery(String)
    /// Header fields that change what is done, and that the signature does not cover.
    case unsignedHeaders(String)
    /// The signature is too old, or not valid yet; the message says since or until when.
    case outsideValidity(Validity, String)
    /// The body is not the one that the signature covers.
    case bodyMismatch

    /// How a signature's time is wrong.
    public enum Validity: Sendable, Equatable {
        /// It was made too long ago.
        case expired
        /// It was made in the future.
        case notYetCurrent
        /// It was made for a limited time, which is over.
        case presignedExpired
    }
}
