import Checkpoint
import OutcropNumerics
import Synchronization

/// Executes the steps of a plan on several threads of its own; the first failure stops all of them.
final class ConversionRun: Sendable {
    private struct State {
        var bytesDone = 0
        var results: [StepResult]
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
        state = Mutex(State(results: Array(repeating: StepResult(), count: plan.steps.count)))
    }

    /// Runs all steps; the calling thread takes part.
    /// - Returns: what each step did to the values.
    /// - Throws: the first failure.
    func run(threads: Int) throws(ImportError) -> [StepResult] {
        let output = output
        let byteCount = plan.file.fileByteCount
        try ParallelSteps.run(
            count: plan.steps.count, threads: threads,
            makeWorker: { StepRunner(output: output, outputByteCount: byteCount) },
            step: { (runner: inout StepRunner, index) throws(ImportError) in try self.run(index, &runner) })
        return state.withLock { $0.results }
    }

    private func run(_ index: Int, _ runner: inout StepRunner) throws(ImportError) {
        guard !cancellation.isCancelled else { throw .cancelled }
        let step = plan.steps[index]
        let result = try runner.run(step)
        // Reported under the lock, so that the bytes never seem to go back.
        state.withLock { state in
            state.results[index] = result
            state.bytesDone += step.sourceByteCount
            progress(
                ImportProgress(phase: .converting, bytesDone: state.bytesDone, bytesTotal: plan.sourceByteCount))
        }
    }
}
