import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// As long as it lives, Ctrl-C (or other signals) does what it is given instead of ending the program. Signals that whoever
/// started the program has it ignore, as `nohup` does, stay ignored. One at a time for each signal.
final class InterruptHandler {
    /// What ends a program that does not handle it: Ctrl-C, `kill`, a terminal that is closed.
    static let endings = [SIGINT, SIGTERM, SIGHUP]

    private let sources: [(signal: Int32, source: any DispatchSourceSignal)]

    /// - Parameter action: what the signals do; called on a thread of the system's.
    init(of signals: [Int32] = [SIGINT], _ action: @escaping @Sendable () -> Void) {
        sources = signals.filter { !Self.isIgnored($0) }.map { ($0, Self.source($0, action)) }
    }

    deinit {
        for (number, source) in sources {
            let cancelled = DispatchSemaphore(value: 0)
            source.setCancelHandler { cancelled.signal() }
            source.cancel()
            cancelled.wait()
            // Dispatch leaves its handler in place, and the signal would do nothing from now on.
            signal(number, SIG_DFL)
        }
    }

    private static func source(_ number: Int32, _ action: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        #if canImport(Darwin)
            // Elsewhere Dispatch installs a handler of its own, and an ignored signal would never reach it.
            signal(number, SIG_IGN)
        #endif
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
        source.setEventHandler(handler: action)
        // Dispatch takes the signal some time later; until then it would end the program.
        let registered = DispatchSemaphore(value: 0)
        source.setRegistrationHandler { registered.signal() }
        source.activate()
        registered.wait()
        #if !canImport(Darwin)
            reinstall(number)
        #endif
        return source
    }

    /// What Dispatch does with a signal, which it installs only the first time.
    private static let installed = Mutex<[Int32: sigaction]>([:])

    /// Puts Dispatch's handler of a signal back where an earlier `InterruptHandler` has removed it.
    private static func reinstall(_ number: Int32) {
        installed.withLock { installed in
            if var action = installed[number] {
                unsafe sigaction(number, &action, nil)
            } else {
                installed[number] = current(number)
            }
        }
    }

    private static func current(_ number: Int32) -> sigaction? {
        var action = sigaction()
        return unsafe sigaction(number, nil, &action) == 0 ? action : nil
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        guard let action = current(number) else { return false }
        #if canImport(Darwin)
            let handler = unsafe action.__sigaction_u.__sa_handler
        #else
            let handler = unsafe action.__sigaction_handler.sa_handler
        #endif
        return unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
