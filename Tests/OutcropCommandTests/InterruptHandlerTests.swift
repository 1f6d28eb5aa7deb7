import Dispatch
import Foundation
import Testing

@testable import OutcropCommand

@Suite("Interrupts", .serialized, .timeLimit(.minutes(1)))
struct InterruptHandlerTests {
    @Test("every signal that it was given is handled from its first moment on, as often as it comes")
    func handles() {
        for _ in 0..<20 {
            let arrived = DispatchSemaphore(value: 0)
            let handler = InterruptHandler(of: [SIGUSR1, SIGUSR2]) { arrived.signal() }
            for signal in [SIGUSR1, SIGUSR2, SIGUSR1] {
                kill(getpid(), signal)
                #expect(arrived.wait(timeout: .now() + 10) == .success)
            }
            withExtendedLifetime(handler) {}
        }
    }

    @Test("afterwards a signal ends the program as before")
    func restores() async {
        await #expect(processExitsWith: .signal(SIGTERM)) { handleThenEnd() }
    }

    @Test("a signal that is ignored stays ignored, as nohup wants it")
    func staysIgnored() async {
        await #expect(processExitsWith: .exitCode(7)) { ignoreAndHandle() }
    }
}

/// Handles a signal, and gets it once more when it is not handled any longer.
private func handleThenEnd() {
    let arrived = DispatchSemaphore(value: 0)
    do {
        let handler = InterruptHandler(of: InterruptHandler.endings) { arrived.signal() }
        kill(getpid(), SIGTERM)
        arrived.wait()
        withExtendedLifetime(handler) {}
    }
    kill(getpid(), SIGTERM)
    Thread.sleep(forTimeInterval: 10)
}

/// Gets a signal that was ignored before it was handled; exits with 1 when the handler sees it, with 7 when not.
private func ignoreAndHandle() {
    signal(SIGHUP, SIG_IGN)
    let handler = InterruptHandler(of: InterruptHandler.endings) { exit(1) }
    kill(getpid(), SIGHUP)
    Thread.sleep(forTimeInterval: 0.5)
    withExtendedLifetime(handler) {}
    exit(7)
}
