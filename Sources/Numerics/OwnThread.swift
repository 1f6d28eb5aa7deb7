/// Runs blocking work on a thread of its own and waits for it without holding one of Swift concurrency's, of which there
/// are only as many as processors.
///
/// The work goes on when the waiting task is cancelled; what can be stopped needs a way of its own.
public func onOwnThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        // Parsers recurse into nested JSON; the default of a secondary thread is too small for that.
        startThread(stackByteCount: 8 << 20) { continuation.resume(with: Swift.Result { try work() }) }
    }
}
