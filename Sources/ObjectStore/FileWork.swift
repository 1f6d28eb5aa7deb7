import Dispatch

/// Threads for system calls that wait for the disk, which Swift's own threads must not do.
enum FileWork {
    private static let queue = DispatchQueue(label: "object-store-files", qos: .userInitiated, attributes: .concurrent)

    /// Runs blocking work elsewhere and waits for it; once begun it runs to its end.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// Runs blocking work elsewhere without waiting.
    static func start(_ body: @escaping @Sendable () -> Void) {
        queue.async(execute: DispatchWorkItem(block: body))
    }
}
