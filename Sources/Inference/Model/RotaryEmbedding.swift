import Checkpoint
import OutcropNumerics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The rotary position embedding with YaRN scaling, as Hugging Face's `_compute_yarn_parameters` and the official
/// torch code define it: inverse frequencies and angles in 32-bit floats, cosines and sines accurate.
struct RotaryEmbedding: Sendable, Equatable {
    /// Angle per position of each pair (i, i + headDim / 2).
    let inverseFrequencies: [Float]
    /// Factor on cosines and sines; 0.1 ln(factor) + 1 for YaRN, 1 otherwise.
    let concentration: Float

    /// - Parameter configuration: with YaRN, low frequencies are divided by the factor, high ones kept, with a linear ramp
    ///   between them.
    init(headDim: Int, _ configuration: RotaryConfiguration) {
        let half = headDim / 2
        let frequencies = (0..<half).map { Float(pow(configuration.theta, Double(2 * $0) / Double(headDim))) }
        guard let yarn = configuration.yarn else {
            inverseFrequencies = frequencies.map { 1 / $0 }
            concentration = 1
            return
        }
        func dimension(_ rotations: Double) -> Double {
            Double(half) * log(Double(yarn.originalContextLength) / (rotations * 2 * Double.pi))
                / log(configuration.theta)
        }
        var low = dimension(yarn.betaFast)
        var high = dimension(yarn.betaSlow)
        if yarn.truncate {
            low = low.rounded(.down)
            high = high.rounded(.up)
        }
        low = max(low, 0)
        high = min(high, Double(headDim - 1))
        if low == high { high += 0.001 }
        inverseFrequencies = frequencies.enumerated().map { index, frequency in
            let ramp = Float(min(max((Double(index) - low) / (high - low), 0), 1))
            let interpolated = 1 / (Float(yarn.factor) * frequency)
            return interpolated * ramp + 1 / frequency * (1 - ramp)
        }
        let natural = yarn.factor > 1 ? 0.1 * log(yarn.factor) + 1 : 1
        concentration = Float(yarn.attentionFactor ?? natural)
    }

    /// Writes the cosines and sines of `position` to a row of `table`.
    func fill(_ table: RotaryTable, row: Int, position: Int) {
        table.cosines.withMutableRow(row) { cosines in
            for index in inverseFrequencies.indices {
                // The reference forms the angle in 32-bit floats; the functions themselves must be accurate.
                let angle = Float(position) * inverseFrequencies[index]
                cosines[index] = concentration * Float(cos(Double(angle)))
            }
        }
        table.sines.withMutableRow(row) { sines in
            for index in inverseFrequencies.indices {
                let angle = Float(position) * inverseFrequencies[index]
                sines[index] = concentration * Float(sin(Double(angle)))
            }
        }
    }
}
