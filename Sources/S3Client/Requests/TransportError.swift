import AsyncHTTPClient
import NIOCore
import NIOSSL

/// A request that got no whole answer.
struct TransportError: Error, Sendable, Equatable {
    /// Whether it is worth trying again.
    enum Kind: Sendable, Equatable {
        /// A broken or refused connection.
        case connection
        /// No answer, or no more of it, in time.
        case timeout
        /// The caller was cancelled, or the client closed.
        case cancelled
        /// It would fail again in the same way.
        case lasting
    }

    /// What kind of failure.
    let kind: Kind
    /// What happened, in words.
    let text: String

    init(kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }

    /// Classifies what the HTTP client threw.
    init(_ error: any Error) {
        switch error {
        case is CancellationError:
            self.init(kind: .cancelled, text: "cancelled")
        case let error as HTTPClientError:
            self.init(error)
        case let error as NIOSSLError:
            let text = "\(error)"
            // A certificate does not become good by being looked at again.
            self.init(kind: text.contains("CERTIFICATE_VERIFY_FAILED") ? .lasting : .connection, text: text)
        case is NIOSSLExtraError:
            self.init(kind: .lasting, text: "\(error)")
        case let error as ChannelError:
            if case .connectTimeout = error {
                self.init(kind: .timeout, text: "the connection was not accepted in time")
            } else {
                self.init(kind: .connection, text: "\(error)")
            }
        default:
            self.init(kind: .connection, text: "\(error)")
        }
    }

    private init(_ error: HTTPClientError) {
        switch error {
        case .cancelled, .alreadyShutdown:
            self.init(kind: .cancelled, text: "cancelled")
        case .readTimeout, .deadlineExceeded, .connectTimeout, .writeTimeout, .getConnectionFromPoolTimeout,
            .tlsHandshakeTimeout:
            self.init(kind: .timeout, text: error.shortDescription)
        case .invalidURL, .emptyHost, .invalidHeaderFieldNames([]):
            self.init(kind: .lasting, text: error.shortDescription)
        default:
            self.init(kind: .connection, text: error.shortDescription)
        }
    }
}
