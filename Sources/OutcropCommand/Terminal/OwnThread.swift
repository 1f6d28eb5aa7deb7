import Foundation

/// Runs blocking work on a thread of its own and waits for it without holding one of Swift concurrency's, of which there
/// are only as many as processors.
func onOwnThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Swift.Result { try work() }) }
        // Parsers recurse into nested JSON; the default of a secondary thread is too small for that.
        thread.stackSize = 8 << 20
        thread.start()
    }
}
