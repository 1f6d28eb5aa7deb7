/// Distributes a synthetic model's tensors over shards and cuts them into pieces.
struct SyntheticPlanBuilder {
    let configuration: ModelConfiguration
    let kind: LayoutKind
    let stream: SyntheticStream

    /// A tensor of the checkpoint and where its values come from.
    struct Tensor {
        /// What a tensor is filled from.
        enum Source {
            /// Numbers of a stream from `position` on.
            case numbers(ModelTensor, position: Int)
            case blocks(ExpertMatrix)
            case scales(ExpertMatrix)
            case transposed(ExpertMatrix)
        }

        let tensor: SafetensorsLayout.Tensor
        let source: Source
        var byteCount: Int { tensor.element.byteCount(shape: tensor.shape) ?? 0 }
    }

    /// The tensors of every shard. A tensor is never split.
    func shards(byteLimit: Int) -> [[Tensor]] {
        var shards: [[Tensor]] = [[]]
        var byteCount = 0
        for tensor in tensors() {
            if byteCount > 0, byteCount + tensor.byteCount > byteLimit {
                shards.append([])
                byteCount = 0
            }
            shards[shards.count - 1].append(tensor)
            byteCount += tensor.byteCount
        }
        return shards
    }

    private func tensors() -> [Tensor] {
        var result = numbers(.embedding)
        for layer in 0..<configuration.layerCount {
            for tensor in ModelTensor.perLayer(layer) { result += numbers(tensor) }
            for matrix in [ExpertMatrix.gateUp(layer: layer), .down(layer: layer)] { result += experts(matrix) }
        }
        return result + numbers(.finalNorm) + numbers(.unembedding)
    }

    private func numbers(_ tensor: ModelTensor) -> [Tensor] {
        var position = 0
        return kind.layout.parts(of: tensor, configuration).map { part in
            defer { position += part.shape.reduce(1, *) }
            return Tensor(
                tensor: SafetensorsLayout.Tensor(part.name, .bf16, part.shape),
                source: .numbers(tensor, position: position))
        }
    }

    private func experts(_ matrix: ExpertMatrix) -> [Tensor] {
        switch kind.layout.storage(of: matrix, configuration) {
        case .mxfp4(let blocks, let scales):
            return [
                Tensor(tensor: SafetensorsLayout.Tensor(blocks.name, .u8, blocks.shape), source: .blocks(matrix)),
                Tensor(tensor: SafetensorsLayout.Tensor(scales.name, .u8, scales.shape), source: .scales(matrix)),
            ]
        case .transposed(let tensor):
            return [
                Tensor(tensor: SafetensorsLayout.Tensor(tensor.name, .bf16, tensor.shape), source: .transposed(matrix))
            ]
        }
    }

    /// Cuts a tensor into pieces of at most `limit` bytes (one expert at a time when it is transposed).
    func pieces(of tensor: Tensor, shard: Int, at offset: Int, _ limit: Int) -> [SyntheticPiece] {
        let count = tensor.tensor.shape.reduce(1, *)
        func cut(_ unit: Int, _ content: (_ position: Int, _ count: Int) -> SyntheticPiece.Content) -> [SyntheticPiece]
        {
            let step = limit / unit
            return stride(from: 0, to: count, by: step).map { begin in
                SyntheticPiece(
                    shard: shard, offset: offset + begin * unit, content: content(begin, min(step, count - begin)))
            }
        }
        switch tensor.source {
        case .numbers(let source, let first):
            let seed = stream.seed(of: source)
            let distribution = stream.distribution(of: source)
            return cut(2) { .numbers(seed: seed, position: first + $0, count: $1, distribution) }
        case .blocks(let matrix):
            let seed = stream.blockSeed(of: matrix)
            return cut(1) { .blocks(seed: seed, position: $0, count: $1) }
        case .scales(let matrix):
            let seed = stream.scaleSeed(of: matrix)
            let base = stream.scaleBase(of: matrix)
            return cut(1) { .scales(seed: seed, position: $0, count: $1, base: base) }
        case .transposed(let matrix):
            let rows = matrix.rows(configuration)
            let kBlocks = matrix.columns(configuration) / 32
            return (0..<configuration.expertCount).map { expert in
                SyntheticPiece(
                    shard: shard, offset: offset + expert * rows * kBlocks * 64,
                    content: .transposed(
                        blockSeed: stream.blockSeed(of: matrix), scaleSeed: stream.scaleSeed(of: matrix),
                        base: stream.scaleBase(of: matrix), expert: expert, rows: rows, kBlocks: kBlocks))
            }
        }
    }
}
