import OutcropNumerics

/// A part of a synthetic tensor that one thread makes and writes at once.
struct SyntheticPiece: Sendable {
    /// What it is filled with.
    enum Content: Sendable {
        /// bfloat16 numbers `position`..<`position + count` of a stream.
        case numbers(seed: UInt64, position: Int, count: Int, SyntheticStream.Distribution)
        /// MXFP4 blocks: bytes of a stream.
        case blocks(seed: UInt64, position: Int, count: Int)
        /// MXFP4 scales.
        case scales(seed: UInt64, position: Int, count: Int, base: UInt8)
        /// One expert's matrix of the same blocks and scales, as transposed bfloat16.
        case transposed(blockSeed: UInt64, scaleSeed: UInt64, base: UInt8, expert: Int, rows: Int, kBlocks: Int)
    }

    /// Index of the shard.
    let shard: Int
    /// Where in the file.
    let offset: Int
    let content: Content

    var byteCount: Int {
        switch content {
        case .numbers(_, _, let count, _): count * 2
        case .blocks(_, _, let count), .scales(_, _, let count, _): count
        case .transposed(_, _, _, _, let rows, let kBlocks): rows * kBlocks * 64
        }
    }

    /// Buffers that a thread keeps.
    struct Buffers {
        var out: [UInt8] = []
        var blocks: [UInt8] = []
        var scales: [UInt8] = []
    }

    /// Makes the bytes at the start of `buffers.out`.
    func fill(_ buffers: inout Buffers) {
        func grow(_ buffer: inout [UInt8], _ count: Int) {
            if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
        }
        switch content {
        case .numbers(let seed, let position, let count, let distribution):
            grow(&buffers.out, count * 2)
            RandomWeights.fillBF16(
                seed: seed, position: position, count: count, deviation: distribution.deviation,
                mean: distribution.mean, out: &buffers.out)
        case .blocks(let seed, let position, let count):
            grow(&buffers.out, count)
            RandomWeights.fillBytes(seed: seed, position: position, count: count, out: &buffers.out)
        case .scales(let seed, let position, let count, let base):
            grow(&buffers.out, count)
            RandomWeights.fillScales(seed: seed, position: position, count: count, base: base, out: &buffers.out)
        case .transposed(let blockSeed, let scaleSeed, let base, let expert, let rows, let kBlocks):
            let count = rows * kBlocks
            grow(&buffers.blocks, count * 16)
            grow(&buffers.scales, count)
            grow(&buffers.out, count * 64)
            RandomWeights.fillBytes(
                seed: blockSeed, position: expert * count * 16, count: count * 16, out: &buffers.blocks)
            RandomWeights.fillScales(
                seed: scaleSeed, position: expert * count, count: count, base: base, out: &buffers.scales)
            Conversion.decodeMXFP4Transposed(
                blocks: buffers.blocks, scales: buffers.scales, rows: rows, kBlocks: kBlocks, out: &buffers.out)
        }
    }
}
