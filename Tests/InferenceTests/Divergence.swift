@testable import Inference

/// KL divergence in nats of the softmax of `found` from that of `expected`.
func divergence(_ expected: ArraySlice<Float>, _ found: ArraySlice<Float>) -> Double {
    func logSoftmax(_ values: ArraySlice<Float>) -> [Double] {
        let maximum = Double(values.max() ?? 0)
        let sum = values.reduce(0.0) { $0 + exponential(Double($1) - maximum) }
        return values.map { Double($0) - maximum - naturalLogarithm(sum) }
    }
    return zip(logSoftmax(expected), logSoftmax(found)).reduce(0) { $0 + exponential($1.0) * ($1.0 - $1.1) }
}
