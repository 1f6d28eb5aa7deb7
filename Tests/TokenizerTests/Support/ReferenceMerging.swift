@testable import Tokenizer

/// Byte-pair merging as tiktoken describes it: two adjacent parts merge if together they are a token, and the one of the
/// lowest rank goes first.
struct ReferenceMerging {
    private var ranks: [[UInt8]: Int32] = [:]

    /// With the ordinary tokens of a tokenizer, whose ids are their ranks.
    init(_ tokenizer: BytePairTokenizer) {
        for id in 0..<Int32(tokenizer.vocabularySize) where !tokenizer.isSpecial(id) {
            if let bytes = tokenizer.bytes(of: id) { ranks[bytes] = id }
        }
    }

    func tokens(_ piece: [UInt8]) -> [Int32] {
        var parts = piece.map { [$0] }
        while parts.count > 1 {
            var best: (rank: Int32, index: Int)?
            for index in 0..<parts.count - 1 {
                guard let rank = ranks[parts[index] + parts[index + 1]] else { continue }
                if rank < best?.rank ?? .max { best = (rank, index) }
            }
            guard let best else { break }
            parts[best.index] += parts.remove(at: best.index + 1)
        }
        return parts.compactMap { ranks[$0] }
    }
}
