import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// While it exists, Ctrl-C does what it is given instead of ending the program.
final class InterruptHandler {
    private let source: any DispatchSourceSignal

    /// - Parameter action: what Ctrl-C does; called on a thread of the system's.
    init(_ action: @escaping @Sendable () -> Void) {
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global(qos: .userInteractive))
        source.setEventHandler(handler: action)
        source.activate()
    }

    /// Gives Ctrl-C its usual meaning back.
    func stop() {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }
}
