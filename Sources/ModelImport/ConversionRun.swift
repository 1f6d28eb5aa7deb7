import Checkpoint
import Dispatch
import Numerics
import Synchronization

/// Executes the steps of a plan on several threads of its own; the first failure stops all of them.
final class ConversionRun: Sendable {
    private struct State {
        var next = 0
        var bytesDone = 0
        var failure: ImportError?
        var results: [QuantizationError?]
    }

    private let plan: ConversionPlan
    private let output: OutputFile
    private let cancellation: ImportCancellation
    private let progress: @Sendable (ImportProgress) -> Void
    private let state: Mutex<State>

    init(
        plan: ConversionPlan, output: OutputFile, cancellation: ImportCancellation,
        progress: @escaping @Sendable (ImportProgress) -> Void
    ) {
        self.plan = plan
        self.output = output
        self.cancellation = cancellation
        self.progress = progress
        state = Mutex(State(results: Array(repeating: nil, count: plan.steps.count)))
    }

    /// Runs all steps; the calling thread takes part.
    /// - Returns: what quantising did in each step.
    /// - Throws: the first failure.
    func run(threads: Int) throws(ImportError) -> [QuantizationError?] {
        let ended = DispatchSemaphore(value: 0)
        let helpers = max(threads, 1) - 1
        for _ in 0..<helpers {
            startThread {
                self.work()
                ended.signal()
            }
        }
        work()
        for _ in 0..<helpers { ended.wait() }
        let (failure, results) = state.withLock { ($0.failure, $0.results) }
        if let failure { throw failure }
        return results
    }

    private func work() {
        var runner = StepRunner(output: output, outputByteCount: plan.file.fileByteCount)
        while let index = takeStep() {
            let step = plan.steps[index]
            do throws(ImportError) {
                let result = try runner.run(step)
                // Reported under the lock, so that the bytes never seem to go back.
                state.withLock { state in
                    state.results[index] = result
                    state.bytesDone += step.sourceByteCount
                    progress(
                        ImportProgress(
                            phase: .converting, bytesDone: state.bytesDone, bytesTotal: plan.sourceByteCount))
                }
            } catch {
                state.withLock { $0.failure = $0.failure ?? error }
            }
        }
    }

    private func takeStep() -> Int? {
        state.withLock { state in
            if cancellation.isCancelled { state.failure = state.failure ?? .cancelled }
            guard state.failure == nil, state.next < plan.steps.count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }
}
