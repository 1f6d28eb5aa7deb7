import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// From its creation on, Ctrl-C does what it is given instead of ending the program; other signals, too, if wanted. One per
/// process: Dispatch takes the signals' handlers over for good.
final class InterruptHandler {
    /// Ctrl-C, `kill`, and a terminal that is closed.
    static let endings = [SIGINT, SIGTERM, SIGHUP]

    private let sources: [any DispatchSourceSignal]

    /// - Parameters:
    ///   - signals: the signals. A closed terminal that the program was started to ignore (`nohup`) stays ignored.
    ///   - action: what they do; called on a thread of the system's.
    init(of signals: [Int32] = [SIGINT], _ action: @escaping @Sendable () -> Void) {
        sources = signals.filter { $0 != SIGHUP || !Self.isIgnored($0) }.map { number in
            #if canImport(Darwin)
                // Elsewhere Dispatch installs a handler of its own, and an ignored signal would never reach it.
                signal(number, SIG_IGN)
            #endif
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler(handler: action)
            source.activate()
            return source
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        let previous = signal(number, SIG_IGN)
        _ = signal(number, previous)
        return unsafe unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
