import ModelLibrary
import OutcropNumerics
import Synchronization

/// Executes the steps of a comparison on several threads of its own; the first failure stops all of them.
final class ComparisonRun: Sendable {
    private struct State {
        var bytesDone = 0
        var results: [TensorDifference]
    }

    private let plan: ComparisonPlan
    private let file: RandomAccessFile
    private let base: BaseModel
    private let cancellation: ImportCancellation
    private let progress: @Sendable (ImportProgress) -> Void
    private let state: Mutex<State>

    /// - Parameter file: the artifact's weights.
    init(
        plan: ComparisonPlan, file: RandomAccessFile, base: BaseModel, cancellation: ImportCancellation,
        progress: @escaping @Sendable (ImportProgress) -> Void
    ) {
        self.plan = plan
        self.file = file
        self.base = base
        self.cancellation = cancellation
        self.progress = progress
        state = Mutex(State(results: Array(repeating: TensorDifference(), count: plan.steps.count)))
    }

    /// Runs all steps; the calling thread takes part.
    /// - Throws: the first failure.
    func run(threads: Int) throws(ImportError) -> BaseComparison {
        let (file, baseFile, total) = (file, base.file, plan.byteCount)
        try ParallelSteps.run(
            count: plan.steps.count, threads: threads,
            makeWorker: { ComparisonRunner(file: file, base: baseFile) },
            step: { (runner: inout ComparisonRunner, index) throws(ImportError) in
                try self.run(index, &runner, total)
            })
        return summary(state.withLock { $0.results })
    }

    private func run(_ index: Int, _ runner: inout ComparisonRunner, _ total: Int) throws(ImportError) {
        guard !cancellation.isCancelled else { throw .cancelled }
        let step = plan.steps[index]
        let result: TensorDifference
        do throws(FileError) {
            result = try runner.run(step)
        } catch {
            throw .file(error)
        }
        // Reported under the lock, so that the bytes never seem to go back.
        state.withLock { state in
            state.results[index] = result
            state.bytesDone += step.byteCount
            progress(ImportProgress(phase: .comparing, bytesDone: state.bytesDone, bytesTotal: total))
        }
    }

    /// Adds up the steps of each tensor in their order, so that sums do not depend on the threads.
    private func summary(_ results: [TensorDifference]) -> BaseComparison {
        var sums = Array(repeating: TensorDifference(), count: plan.tensors.count)
        for (step, result) in zip(plan.steps, results) { sums[step.tensor].add(result) }
        let differences = zip(plan.tensors, sums).filter { !$1.isNone }.map {
            BaseComparison.Difference(tensor: $0, relative: $1.relativeRootMeanSquare)
        }
        return BaseComparison(base: base.name, tensorCount: plan.tensors.count, differences: differences)
    }
}

/// Executes comparison steps on one thread, with buffers that are kept from step to step.
struct ComparisonRunner {
    private let file: RandomAccessFile
    private let base: RandomAccessFile
    private var weights: [UInt8] = []
    private var scales: [UInt8] = []
    private var baseWeights: [UInt8] = []
    private var baseScales: [UInt8] = []

    init(file: RandomAccessFile, base: RandomAccessFile) {
        self.file = file
        self.base = base
    }

    /// Reads and compares one piece.
    /// - Throws: `FileError`.
    mutating func run(_ step: ComparisonStep) throws(FileError) -> TensorDifference {
        try read(step.weights, &weights, &baseWeights)
        if let part = step.scales { try read(part, &scales, &baseScales) }
        switch step.content {
        case .mxfp4:
            return Comparison.mxfp4(
                (weights, scales), base: (baseWeights, baseScales), blocks: step.weights.byteCount / 256)
        case .int8:
            return Comparison.int8(
                (weights, scales), base: (baseWeights, baseScales), blocks: step.weights.byteCount / 512)
        case .numbers(let element):
            return Comparison.floats(
                weights, base: baseWeights, element, count: step.weights.byteCount / element.byteCount)
        }
    }

    private func read(
        _ part: ComparisonStep.Part, _ bytes: inout [UInt8], _ baseBytes: inout [UInt8]
    ) throws(FileError) {
        try file.read(at: part.offset, count: part.byteCount, into: &bytes)
        try base.read(at: part.baseOffset, count: part.byteCount, into: &baseBytes)
    }
}
