import Dispatch
import Synchronization

/// A read that is under way, for a thread that will wait for it.
struct PendingRead {
    private final class Outcome: Sendable {
        let result = Mutex<Result<[UInt8], S3Error>?>(nil)
        let isKnown = DispatchSemaphore(value: 0)
    }

    private let outcome = Outcome()
    private let task: Task<Void, Never>

    /// Starts a read.
    init(_ client: S3Client, _ object: S3Object, _ range: Range<Int>) {
        task = Task { [outcome] in
            let result: Result<[UInt8], S3Error>
            do throws(S3Error) {
                result = .success(try await client.read(object, range))
            } catch {
                result = .failure(error)
            }
            outcome.result.withLock { $0 = result }
            outcome.isKnown.signal()
        }
    }

    /// Blocks until the bytes are there. Call it once.
    func wait() throws(S3Error) -> [UInt8] {
        outcome.isKnown.wait()
        guard let result = outcome.result.withLock({ $0 }) else {
            preconditionFailure("the result comes before the signal")
        }
        return try result.get()
    }

    /// Gives the read up.
    func cancel() { task.cancel() }
}
