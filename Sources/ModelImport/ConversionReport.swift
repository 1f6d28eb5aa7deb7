import ModelLibrary
import OutcropNumerics

/// What the conversion did to the values, tensor by tensor.
struct ConversionReport {
    /// The error of every tensor that was quantised, in file order.
    private(set) var errors: [Manifest.TensorError] = []
    /// Tensors that were rounded, a line each.
    private(set) var warnings: [String] = []

    /// Adds up the steps of each tensor, in the order of the steps, so that sums do not depend on the threads.
    init(_ steps: [ConversionStep], _ results: [StepResult]) {
        var tensor: String?
        var quantization: QuantizationError?
        var rounded = 0
        for (step, result) in zip(steps, results) {
            if step.tensor != tensor {
                finish(tensor, quantization, rounded)
                (tensor, quantization, rounded) = (step.tensor, nil, 0)
            }
            rounded += result.roundedValues
            if let part = result.quantization {
                var sum = quantization ?? QuantizationError()
                sum.add(part)
                quantization = sum
            }
        }
        finish(tensor, quantization, rounded)
    }

    private mutating func finish(_ tensor: String?, _ quantization: QuantizationError?, _ rounded: Int) {
        guard let tensor else { return }
        if let quantization {
            errors.append(
                Manifest.TensorError(
                    tensor: tensor, relativeError: quantization.relativeRootMeanSquare,
                    inexactGroups: quantization.inexactGroups, groups: quantization.groups))
        }
        if rounded > 0 { warnings.append("warning: \(tensor): \(rounded) values were rounded to bfloat16") }
    }
}
