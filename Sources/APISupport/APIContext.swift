import Hummingbird
import Logging
import NIOCore

/// What Hummingbird hands to the responder with each request.
public struct APIContext: RequestContext {
    /// What Hummingbird's router keeps here.
    public var coreContext: CoreRequestContextStorage
    /// The connection's channel.
    let channel: any Channel

    /// The context of one request.
    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
