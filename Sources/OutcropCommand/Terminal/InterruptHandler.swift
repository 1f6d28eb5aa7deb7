import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// From its creation on, Ctrl-C does what it is given instead of ending the program. One per process: Dispatch takes the
/// signal's handler over for good.
final class InterruptHandler {
    private let source: any DispatchSourceSignal

    /// - Parameter action: what Ctrl-C does; called on a thread of the system's.
    init(_ action: @escaping @Sendable () -> Void) {
        #if canImport(Darwin)
            // Elsewhere Dispatch installs a handler of its own, and an ignored signal would never reach it.
            signal(SIGINT, SIG_IGN)
        #endif
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global(qos: .userInteractive))
        source.setEventHandler(handler: action)
        source.activate()
    }
}
