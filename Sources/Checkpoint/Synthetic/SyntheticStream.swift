import OutcropNumerics

/// The random numbers of a synthetic model: a stream for every tensor of the model, whatever layout it is stored in, and
/// any part of a stream by itself.
struct SyntheticStream: Sendable {
    let seed: UInt64
    let configuration: ModelConfiguration

    /// How the numbers of a tensor are spread.
    struct Distribution: Sendable {
        let deviation: Float
        let mean: Float
    }

    /// Spreads that keep the activations of any number of layers near those of a trained model: projections keep the
    /// size of their normed inputs, logits have a standard deviation of about 3, routers decide by random margins.
    func distribution(of tensor: ModelTensor) -> Distribution {
        let c = configuration
        func inputs(_ count: Int, _ gain: Float = 1) -> Distribution {
            Distribution(deviation: gain / Float(count).squareRoot(), mean: 0)
        }
        switch tensor {
        case .embedding: return Distribution(deviation: 1, mean: 0)
        case .attentionNorm, .mlpNorm, .finalNorm: return Distribution(deviation: 0.1, mean: 1)
        case .fusedWeight: return inputs(c.hiddenSize)
        case .outputWeight: return inputs(c.attentionWidth, 0.5)
        case .routerWeight: return inputs(c.hiddenSize, 1.5)
        case .unembedding: return inputs(c.hiddenSize, 3)
        case .fusedBias, .outputBias, .gateUpBias, .downBias, .routerBias: return Distribution(deviation: 0.1, mean: 0)
        case .sinks: return Distribution(deviation: 1, mean: 0)
        }
    }

    /// The middle of an expert matrix's scales. Uniform codes have a standard deviation of 2.93.
    func scaleBase(of matrix: ExpertMatrix) -> UInt8 {
        let wanted = 1 / (Double(matrix.columns(configuration)).squareRoot() * 2.93)
        return UInt8(127 + wanted.exponent + (wanted.significand > 1.41 ? 1 : 0))
    }

    func seed(of tensor: ModelTensor) -> UInt64 { mixed(Self.number(of: tensor)) }
    func blockSeed(of matrix: ExpertMatrix) -> UInt64 { mixed(Self.number(of: matrix)) }
    func scaleSeed(of matrix: ExpertMatrix) -> UInt64 { mixed(Self.number(of: matrix) + 1) }

    /// Streams start far apart: their seeds differ in all bits.
    private func mixed(_ number: UInt64) -> UInt64 {
        var z = seed &+ (number &+ 1) &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    private static func number(of tensor: ModelTensor) -> UInt64 {
        func layer(_ layer: Int, _ kind: UInt64) -> UInt64 { UInt64(layer + 1) << 8 | kind }
        switch tensor {
        case .embedding: return 1
        case .finalNorm: return 2
        case .unembedding: return 3
        case .attentionNorm(let index): return layer(index, 1)
        case .fusedWeight(let index): return layer(index, 2)
        case .fusedBias(let index): return layer(index, 3)
        case .sinks(let index): return layer(index, 4)
        case .outputWeight(let index): return layer(index, 5)
        case .outputBias(let index): return layer(index, 6)
        case .mlpNorm(let index): return layer(index, 7)
        case .routerWeight(let index): return layer(index, 8)
        case .routerBias(let index): return layer(index, 9)
        case .gateUpBias(let index): return layer(index, 10)
        case .downBias(let index): return layer(index, 11)
        }
    }

    private static func number(of matrix: ExpertMatrix) -> UInt64 {
        switch matrix {
        case .gateUp(let layer): UInt64(layer + 1) << 8 | 32
        case .down(let layer): UInt64(layer + 1) << 8 | 34
        }
    }
}
